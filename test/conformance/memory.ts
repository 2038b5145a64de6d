import {
  DynamoDbEngine,
  KinesisEngine,
  SqsEngine,
  type StreamView,
  streamRecord,
} from '../../lib/testing/engines/index.ts';
import { UnsupportedByEngine } from '../../lib/testing/errors.ts';
import { VirtualClock } from '../../lib/testing/virtual-clock.ts';
import type { Clients } from './case.ts';
import type { Scratch, ScratchQueue, TableChange, TableOptions } from './scratch.ts';

/** The engines of `waybill/testing`, on a clock that jumps over every wait. */
export function memoryTarget(): { readonly aws: Clients; readonly scratch: MemoryScratch } {
  const clock = new VirtualClock({ now: Date.UTC(2026, 0, 1), jumps: true });
  const dynamodb = new DynamoDbEngine(clock);
  const sqs = new SqsEngine(clock);
  const kinesis = new KinesisEngine(clock);
  const refuse = async (): Promise<never> => {
    throw new UnsupportedByEngine('The engines in memory have no such service');
  };
  return {
    aws: {
      dynamodb: dynamodb.client(),
      sqs: sqs.client(),
      kinesis: kinesis.client(),
      api: { call: refuse, rest: refuse },
    },
    scratch: new MemoryScratch(clock, dynamodb, sqs, kinesis),
  };
}

class MemoryScratch implements Scratch {
  readonly role = 'arn:aws:iam::000000000000:role/nobody';
  readonly region = 'us-east-1';
  readonly now: () => number;
  readonly #dynamodb: DynamoDbEngine;
  readonly #sqs: SqsEngine;
  readonly #kinesis: KinesisEngine;
  readonly #queues = new Map<string, ReturnType<SqsEngine['createQueue']>>();
  readonly #views = new Map<string, StreamView>();
  readonly #clock: VirtualClock;
  #names = 0;
  #ended = false;

  constructor(clock: VirtualClock, dynamodb: DynamoDbEngine, sqs: SqsEngine, kinesis: KinesisEngine) {
    this.now = clock.now;
    this.#clock = clock;
    this.#dynamodb = dynamodb;
    this.#sqs = sqs;
    this.#kinesis = kinesis;
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
  }

  async table({ stream }: TableOptions = {}): Promise<string> {
    const name = this.name();
    const key = { partitionKey: { name: 'pk', type: 'S' }, sortKey: { name: 'sk', type: 'S' } } as const;
    this.#dynamodb.createTable({ name, ...key });
    if (stream) this.#views.set(name, stream);
    return name;
  }

  async changes(table: string): Promise<TableChange[]> {
    const view = this.#views.get(table);
    // Lambda's form of a record is the stream's own, but for binary values.
    return this.#dynamodb.table(table).changes.map((change) => streamRecord(change, view) as TableChange);
  }

  async stream(shards = 1): Promise<string> {
    const name = this.name();
    this.#kinesis.createStream({ name, shards });
    return name;
  }

  async queue(attributes: Readonly<Record<string, string>> = {}): Promise<ScratchQueue> {
    const { VisibilityTimeout, DelaySeconds, RedrivePolicy, ...others } = attributes;
    const unknown = Object.keys(others);
    if (unknown.length > 0) throw new UnsupportedByEngine(`The engine in memory does not know ${unknown.join(', ')}`);
    const name = this.name();
    const queue = this.#sqs.createQueue({
      name,
      ...(VisibilityTimeout !== undefined && { visibilityTimeout: Number(VisibilityTimeout) }),
      ...(DelaySeconds !== undefined && { delaySeconds: Number(DelaySeconds) }),
      ...(RedrivePolicy !== undefined && { deadLetter: this.#deadLetter(RedrivePolicy) }),
    });
    this.#queues.set(name, queue);
    return { url: queue.url, arn: name };
  }

  #deadLetter(policy: string) {
    const { deadLetterTargetArn, maxReceiveCount } = JSON.parse(policy) as Record<string, string | number>;
    const queue = this.#queues.get(String(deadLetterTargetArn));
    if (!queue) throw new UnsupportedByEngine(`There is no queue ${deadLetterTargetArn}`);
    return { queue, maxReceiveCount: Number(maxReceiveCount) };
  }
}
