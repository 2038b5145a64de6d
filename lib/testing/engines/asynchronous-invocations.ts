import { MINUTE_MS } from '../../contract/time.ts';
import type { AlarmClock } from './scheduler/alarm.ts';

export interface AsynchronousInvocationsOptions {
  readonly after: AlarmClock;
  /** Functions by name: each answers what its handler returns, or throws what it throws. */
  readonly functions: Readonly<Record<string, (event: object) => Promise<unknown>>>;
  /** How often an event is tried again that a function has failed on, from 0 to 2. @default 2 */
  readonly retries?: number;
  /** Called when an event is given up. */
  readonly onDropped?: (functionName: string, event: unknown, error: unknown) => void;
}

/**
 * Lambda's asynchronous invocation: an event is taken at once, the function is invoked with it, and when it fails again a
 * minute later, and two minutes after that.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
 */
export class AsynchronousInvocations {
  readonly #options: AsynchronousInvocationsOptions;

  constructor(options: AsynchronousInvocationsOptions) {
    this.#options = options;
  }

  /** Takes an event for a function, given by its ARN. Throws as Lambda does where there is no such function. */
  readonly invoke = async (functionArn: string, event: unknown): Promise<void> => {
    const [, , , , , , name = ''] = functionArn.split(':');
    if (!Object.hasOwn(this.#options.functions, name)) {
      const error = new Error(`Function not found: ${functionArn}`);
      throw Object.assign(error, { name: 'ResourceNotFoundException', $fault: 'client' });
    }
    void this.#run(name, event);
  };

  async #run(name: string, event: unknown): Promise<void> {
    const { after, functions, retries = 2, onDropped } = this.#options;
    for (let failures = 1; ; failures++) {
      try {
        await functions[name]?.(event as object);
        return;
      } catch (error) {
        if (failures > retries) {
          onDropped?.(name, event, error);
          return;
        }
        await new Promise<void>((resolve) => void after(failures * MINUTE_MS, resolve));
      }
    }
  }
}
