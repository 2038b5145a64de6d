import {
  alarmsOn,
  type Queue,
  type QueueOptions,
  SchedulerEngine,
  type StreamView,
  streamRecord,
} from '../../lib/testing/engines/index.ts';
import { UnsupportedByEngine } from '../../lib/testing/errors.ts';
import { type Engines, enginesOn } from '../../lib/testing/test-environment.ts';
import { VirtualClock } from '../../lib/testing/virtual-clock.ts';
import type { Clients } from './clients.ts';
import { memoryApi } from './memory-api.ts';
import { MemoryLambda } from './memory-lambda.ts';
import type { Scratch, ScratchQueue, TableOptions } from './scratch.ts';
import type { TableChange } from './table-stream.ts';

/** The engines of `waybill/testing`, on a clock that jumps over every wait. */
export function memoryTarget(): { readonly aws: Clients; readonly scratch: MemoryScratch } {
  const clock = new VirtualClock({ now: Date.UTC(2026, 0, 1), jumps: true });
  const engines = enginesOn(clock);
  const { dynamodb, sqs, kinesis, s3 } = engines;
  const targets = { sqs: sqs.client() };
  const scheduler = new SchedulerEngine({ now: clock.now, after: alarmsOn(clock), targets });
  const lambda = new MemoryLambda(clock, {
    sqs: sqs.client(),
    kinesis: async () => kinesis.client(),
    s3: async () => s3.client(),
    tableStreams: dynamodb.streamsClient(),
  });
  return {
    aws: {
      dynamodb: dynamodb.client(),
      sqs: sqs.client(),
      kinesis: kinesis.client(),
      api: memoryApi(scheduler.client(), lambda),
    },
    scratch: new MemoryScratch(clock, engines, lambda),
  };
}

class MemoryScratch implements Scratch {
  readonly role = 'arn:aws:iam::000000000000:role/nobody';
  readonly region = 'us-east-1';
  readonly now: () => number;
  readonly #clock: VirtualClock;
  readonly #engines: Engines;
  readonly #lambda: MemoryLambda;
  readonly #queues = new Map<string, Queue>();
  readonly #views = new Map<string, StreamView>();
  #names = 0;
  #ended = false;

  constructor(clock: VirtualClock, engines: Engines, lambda: MemoryLambda) {
    this.now = clock.now;
    this.#clock = clock;
    this.#engines = engines;
    this.#lambda = lambda;
  }

  name(): string {
    this.#names += 1;
    return `scratch-${this.#names}`;
  }

  async sleep(milliseconds: number): Promise<void> {
    await this.#clock.sleep(milliseconds);
    if (this.#ended) throw new Error('The case has ended');
  }

  defer(): void {}

  async clean(): Promise<void> {
    this.#ended = true;
    this.#lambda.stop();
  }

  async table({ stream }: TableOptions = {}): Promise<string> {
    const name = this.name();
    const key = { partitionKey: { name: 'pk', type: 'S' }, sortKey: { name: 'sk', type: 'S' } } as const;
    this.#engines.dynamodb.createTable({ name, ...key });
    if (stream) this.#views.set(name, stream);
    return name;
  }

  async changes(table: string, count: number): Promise<TableChange[]> {
    const { dynamodb } = this.#engines;
    const { changes } = dynamodb.table(table);
    // DynamoDB deletes what is too old some time later: here when it is asked to.
    if (changes.length < count) dynamodb.expire(table);
    // Lambda's form of a record is the stream's own, but for binary values.
    return changes.map((change) => streamRecord(change, this.#views.get(table)) as TableChange);
  }

  async stream(shards = 1): Promise<string> {
    const name = this.name();
    this.#engines.kinesis.createStream({ name, shards });
    return name;
  }

  async queue(attributes: Readonly<Record<string, string>> = {}): Promise<ScratchQueue> {
    const { VisibilityTimeout, DelaySeconds, RedrivePolicy, FifoQueue, ...others } = attributes;
    const { ContentBasedDeduplication, DeduplicationScope, FifoThroughputLimit, ...unknown } = others;
    const names = Object.keys(unknown);
    if (names.length > 0) throw new UnsupportedByEngine(`The engine in memory does not know ${names.join(', ')}`);
    const queue = this.#engines.sqs.createQueue({
      name: `${this.name()}${FifoQueue === 'true' ? '.fifo' : ''}`,
      ...(VisibilityTimeout !== undefined && { visibilityTimeout: Number(VisibilityTimeout) }),
      ...(DelaySeconds !== undefined && { delaySeconds: Number(DelaySeconds) }),
      ...(RedrivePolicy !== undefined && { deadLetter: this.#deadLetter(RedrivePolicy) }),
      ...(ContentBasedDeduplication === 'true' && { contentBasedDeduplication: true }),
      ...(DeduplicationScope !== undefined && {
        deduplicationScope: DeduplicationScope as QueueOptions['deduplicationScope'],
      }),
      ...(FifoThroughputLimit !== undefined && {
        fifoThroughputLimit: FifoThroughputLimit as QueueOptions['fifoThroughputLimit'],
      }),
    });
    this.#queues.set(queue.arn, queue);
    return { url: queue.url, arn: queue.arn };
  }

  #deadLetter(policy: string) {
    const { deadLetterTargetArn, maxReceiveCount } = JSON.parse(policy) as Record<string, string | number>;
    const queue = this.#queues.get(String(deadLetterTargetArn));
    if (!queue) throw new UnsupportedByEngine(`There is no queue ${deadLetterTargetArn}`);
    return { queue, maxReceiveCount: Number(maxReceiveCount) };
  }
}
