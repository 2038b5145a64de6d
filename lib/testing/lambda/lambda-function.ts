import type { Context } from 'aws-lambda';
import type { Environment } from '../../aws/environment.ts';
import { TaskTimedOut } from './errors.ts';
import { lambdaContext } from './lambda-event.ts';
import type { Invoke } from './mapping.ts';

/** A Lambda handler: what `consume` returns, the relay, or any other. */
export type LambdaHandler = (event: never, context: never, options: never) => unknown;

/** What `lambdaFunction` runs, and in which surroundings. */
export interface LambdaFunctionOptions {
  readonly name: string;
  readonly handler: LambdaHandler;
  /** The environment under `ENVIRONMENT` in the handler's context: its variables are the function's own. */
  readonly environment: Environment;
  /** Milliseconds that an invocation may take. @default 3,000 */
  readonly timeout?: number;
}

/**
 * A function that runs in this process: each event is a copy, the context carries the environment, and an invocation that
 * takes longer than the timeout has failed, whatever comes of it later.
 */
export function lambdaFunction({ name, handler, environment, timeout = 3_000 }: LambdaFunctionOptions): Invoke {
  const run = handler as (event: object, context: Context, options: object) => unknown;
  return async (event) => {
    const request = requestId(environment.random(16));
    const context = Object.assign(lambdaContext(environment, request, timeout), {
      functionName: name,
      invokedFunctionArn: `arn:aws:lambda:us-east-1:000000000000:function:${name}`,
      logGroupName: `/aws/lambda/${name}`,
    });
    const ended = new AbortController();
    const work = Promise.resolve().then(() => run(copyOf(event) as object, context, {}));
    const timeUp = environment.sleep(timeout, ended.signal).then((): never => {
      throw new TaskTimedOut(`${request} Task timed out after ${(timeout / 1000).toFixed(2)} seconds`);
    });
    try {
      return copyOf(await Promise.race([work, timeUp]));
    } finally {
      ended.abort('ended');
      // Whichever lost the race may still fail, and nobody waits for it.
      work.catch(() => undefined);
      timeUp.catch(() => undefined);
    }
  };
}

/** As Lambda's JSON carries it. */
function copyOf(value: unknown): unknown {
  const text = JSON.stringify(value) as string | undefined;
  return text === undefined ? undefined : JSON.parse(text);
}

function requestId(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  return [0, 8, 12, 16, 20].map((start, index, all) => hex.slice(start, all[index + 1])).join('-');
}
