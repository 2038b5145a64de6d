import {
  type EventPattern,
  type EventSourceMapping,
  EventSourcePoller,
  type PollerClients,
} from '../../lib/testing/lambda/index.ts';
import type { VirtualClock } from '../../lib/testing/virtual-clock.ts';
import { ApiError } from './aws-api.ts';

/** What a case asks of CreateFunction. */
export interface FunctionRequest {
  readonly FunctionName: string;
  readonly Code: { readonly ZipFile: string };
}

/** What a case asks of CreateEventSourceMapping. */
export interface MappingRequest {
  readonly FunctionName: string;
  readonly EventSourceArn: string;
  readonly BatchSize?: number;
  readonly StartingPosition?: 'TRIM_HORIZON' | 'LATEST';
  readonly FunctionResponseTypes?: readonly string[];
  readonly MaximumRetryAttempts?: number;
  readonly BisectBatchOnFunctionError?: boolean;
  readonly FilterCriteria?: { readonly Filters: readonly { readonly Pattern: string }[] };
  readonly DestinationConfig?: { readonly OnFailure: { readonly Destination: string } };
}

type Handler = (event: object) => Promise<unknown>;

/** Lambda as far as the cases need it: the poller of `waybill/testing`, and functions that run in this process. */
export class MemoryLambda {
  readonly #clock: VirtualClock;
  readonly #clients: PollerClients;
  readonly #functions = new Map<string, Handler>();
  readonly #lines = new Map<string, string[]>();
  readonly #pollers = new Map<string, EventSourcePoller>();

  constructor(clock: VirtualClock, clients: PollerClients) {
    this.#clock = clock;
    this.#clients = clients;
  }

  createFunction({ FunctionName, Code }: FunctionRequest): void {
    const program = fileIn(Buffer.from(Code.ZipFile, 'base64'));
    const exported: { handler?: Handler } = {};
    const log = (line: string) => this.#lines.set(FunctionName, [...(this.#lines.get(FunctionName) ?? []), line]);
    // The program knows the time by the clock on which everything else is.
    const run = new Function('exports', 'Buffer', 'console', 'Date', program);
    run(exported, Buffer, { log }, { now: this.#clock.now });
    if (exported.handler) this.#functions.set(FunctionName, exported.handler);
  }

  /** Starts to poll; answers with the mapping's id. */
  createMapping(request: MappingRequest): string {
    const poller = new EventSourcePoller({
      mappings: [this.#mapping(request)],
      clients: this.#clients,
      clock: this.#clock,
      waitSeconds: 0,
    });
    const id = String(this.#pollers.size);
    this.#pollers.set(id, poller);
    poller.start();
    return id;
  }

  /** What a function has logged. */
  linesOf(name: string): readonly string[] {
    return this.#lines.get(name) ?? [];
  }

  /** Ends all pollers. */
  stop(): void {
    for (const poller of this.#pollers.values()) void poller.stop().catch(() => undefined);
  }

  #mapping(request: MappingRequest): EventSourceMapping {
    const { EventSourceArn: arn, FunctionName, FilterCriteria, FunctionResponseTypes = [], BatchSize } = request;
    const handler = this.#functions.get(FunctionName);
    if (!handler) throw new ApiError('ResourceNotFoundException', `Function not found: ${FunctionName}`, 404);
    const common = {
      invoke: async (event: object) => handler(structuredClone(event)),
      reportBatchItemFailures: FunctionResponseTypes.includes('ReportBatchItemFailures'),
      ...(BatchSize !== undefined && { batchSize: BatchSize }),
      ...(FilterCriteria && {
        filters: FilterCriteria.Filters.map(({ Pattern }) => JSON.parse(Pattern) as EventPattern),
      }),
    };
    const service = arn.split(':')[2];
    if (service === 'sqs') return { kind: 'queue', queueUrl: queueUrlOf(arn), ...common };
    const told = request.DestinationConfig?.OnFailure.Destination;
    const sharded = {
      ...common,
      startingPosition: request.StartingPosition ?? 'LATEST',
      retryAttempts: request.MaximumRetryAttempts ?? -1,
      bisectBatchOnError: request.BisectBatchOnFunctionError ?? false,
      ...(told !== undefined && { onFailure: { kind: 'queue', queueUrl: queueUrlOf(told) } as const }),
    };
    if (service === 'dynamodb') return { kind: 'table', streamArn: arn, ...sharded };
    return { kind: 'stream', streamName: arn.split('/').at(-1) ?? '', ...sharded };
  }
}

function queueUrlOf(arn: string): string {
  const [, , , region, account, name] = arn.split(':');
  return `https://sqs.${region}.amazonaws.com/${account}/${name}`;
}

/** The one file of an archive that `zipArchive` made. */
function fileIn(archive: Buffer): string {
  const [length, nameLength] = [archive.readUInt32LE(18), archive.readUInt16LE(26)];
  const begin = 30 + nameLength + archive.readUInt16LE(28);
  return archive.subarray(begin, begin + length).toString();
}
