import type {
  InvokeCommandInput,
  LambdaClient,
  ListEventSourceMappingsCommandInput,
  UpdateEventSourceMappingCommandInput,
} from '@aws-sdk/client-lambda';
import type { Sender } from '../../aws/environment.ts';
import { UnsupportedByEngine } from '../errors.ts';
import type { SdkCommand } from './wire.ts';

/** An event source mapping as it is made. */
export interface LambdaMapping {
  readonly id: string;
  readonly eventSourceArn: string;
  readonly functionName: string;
  /** To how many invocations at once it is held: of a stream by shard; 0: no limit. */
  readonly concurrency: number;
}

export interface LambdaEngineOptions {
  readonly now: () => number;
  readonly invoke: (functionName: string, event: object) => Promise<unknown>;
  /** Milliseconds until a change of a mapping takes effect; until then it takes no other. @default 0 */
  readonly lag?: () => number;
}

interface State extends LambdaMapping {
  readonly isOn: boolean;
  /** The concurrency with which it was made. */
  readonly made: number;
  /** What it was before the change that is under way, and when that takes effect. */
  readonly before?: { readonly isOn: boolean; readonly until: number };
}

/** As much of Lambda in memory as the control of event sources needs: mappings, and the synchronous invocation. */
export class LambdaEngine {
  readonly #options: LambdaEngineOptions;
  readonly #mappings = new Map<string, State>();
  /** Every change of a mapping that was asked for. */
  readonly changes: (UpdateEventSourceMappingCommandInput & { readonly at: number })[] = [];

  constructor(options: LambdaEngineOptions) {
    this.#options = options;
  }

  create(mapping: LambdaMapping): void {
    this.#mappings.set(mapping.id, { ...mapping, isOn: true, made: mapping.concurrency });
  }

  /** Whether a mapping hands records over at this moment. */
  isOn(id: string): boolean {
    const { isOn = true, before } = this.#mappings.get(id) ?? {};
    return before && this.#options.now() < before.until ? before.isOn : isOn;
  }

  /** Every mapping as it is, and the concurrency with which it was made. */
  get states(): {
    readonly id: string;
    readonly isOn: boolean;
    readonly concurrency: number;
    readonly wanted: number;
  }[] {
    return [...this.#mappings.values()].map(({ id, concurrency, made }) => {
      return { id, isOn: this.isOn(id), concurrency, wanted: made };
    });
  }

  /** To how many invocations at once a mapping is held; 0: no limit. */
  concurrencyOf(id: string): number {
    return this.#mappings.get(id)?.concurrency ?? 0;
  }

  /** When the next change takes effect, in milliseconds since the epoch; infinite where none is under way. */
  get due(): number {
    const now = this.#options.now();
    const moments = [...this.#mappings.values()].map(({ before }) => before?.until ?? 0).filter((until) => until > now);
    return Math.min(Number.POSITIVE_INFINITY, ...moments);
  }

  client(): Sender<LambdaClient> {
    const send = async (command: SdkCommand): Promise<object> => {
      const { input } = command;
      switch (command.constructor.name) {
        case 'ListEventSourceMappingsCommand':
          return this.list(input as ListEventSourceMappingsCommandInput);
        case 'UpdateEventSourceMappingCommand':
          return this.update(input as UpdateEventSourceMappingCommandInput);
        case 'InvokeCommand':
          return this.#invoke(input as InvokeCommandInput);
        default:
          throw new UnsupportedByEngine(`Lambda in memory does not know ${command.constructor.name}`);
      }
    };
    return { send } as unknown as Sender<LambdaClient>;
  }

  /** Changes a mapping, as a deployment or a console may too. */
  update(input: UpdateEventSourceMappingCommandInput): object {
    const state = this.#mappings.get(input.UUID ?? '');
    const now = this.#options.now();
    if (!state) throw failure('ResourceNotFoundException');
    if (state.before && now < state.before.until) throw failure('ResourceInUseException');
    this.changes.push({ ...input, at: now });
    const { ScalingConfig, ParallelizationFactor, Enabled = state.isOn } = input;
    const concurrency =
      ScalingConfig === undefined
        ? (ParallelizationFactor ?? state.concurrency)
        : (ScalingConfig.MaximumConcurrency ?? 0);
    const until = now + (this.#options.lag?.() ?? 0);
    const changed = { ...state, isOn: Enabled, concurrency, before: { isOn: state.isOn, until } };
    this.#mappings.set(state.id, changed);
    return described(changed, now);
  }

  /** The mappings of an event source, of a function, or all. */
  list({ EventSourceArn, FunctionName }: ListEventSourceMappingsCommandInput): object {
    const found = [...this.#mappings.values()].filter(
      (one) =>
        (EventSourceArn === undefined || one.eventSourceArn === EventSourceArn) &&
        (FunctionName === undefined || arnOf(one.functionName) === FunctionName),
    );
    return { EventSourceMappings: found.map((one) => described(one, this.#options.now())) };
  }

  async #invoke({ FunctionName = '', Payload }: InvokeCommandInput): Promise<object> {
    const name = FunctionName.split(':').at(-1) ?? '';
    try {
      const answer = await this.#options.invoke(name, JSON.parse(String(Payload)) as object);
      return { StatusCode: 200, Payload: Buffer.from(JSON.stringify(answer ?? null)) };
    } catch (error) {
      const errorMessage = error instanceof Error ? error.message : String(error);
      return { StatusCode: 200, FunctionError: 'Unhandled', Payload: Buffer.from(JSON.stringify({ errorMessage })) };
    }
  }
}

function described({ id, eventSourceArn, functionName, isOn, before, concurrency }: State, now: number): object {
  const isChanging = before && now < before.until;
  const isQueue = eventSourceArn.split(':')[2] === 'sqs';
  return {
    UUID: id,
    EventSourceArn: eventSourceArn,
    FunctionArn: arnOf(functionName),
    State: isChanging ? (isOn ? 'Enabling' : 'Disabling') : isOn ? 'Enabled' : 'Disabled',
    ...(isQueue
      ? { ScalingConfig: concurrency > 0 ? { MaximumConcurrency: concurrency } : {} }
      : { ParallelizationFactor: concurrency || 1 }),
  };
}

function arnOf(functionName: string): string {
  return `arn:aws:lambda:us-east-1:000000000000:function:${functionName}`;
}

function failure(name: string): Error {
  return Object.assign(new Error(`${name}, says Lambda in memory`), { name, $fault: 'client', $metadata: {} });
}
