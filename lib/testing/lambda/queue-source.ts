import {
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { SQSRecord } from 'aws-lambda';
import type { Sender } from '../../aws/environment.ts';
import { judge, type Verdict } from './batch-response.ts';
import type { PollerClock } from './clock.ts';
import { InvalidMapping } from './errors.ts';
import { matchesAny } from './filter.ts';
import { nameOf, type QueueMapping } from './mapping.ts';
import { MAX_EVENT_BYTES } from './payload.ts';
import { queueRecord } from './queue-record.ts';
import type { Observer } from './trouble.ts';

export interface QueueSourceOptions {
  readonly mapping: QueueMapping;
  readonly sqs: Sender<SQSClient>;
  readonly clock: PollerClock;
  readonly region: string;
  readonly observer: Observer;
  /** Milliseconds between two receives while a batch waits to fill. */
  readonly interval: number;
}

const RECEIVE_AT_ONCE = 10;
const DELETE_AT_ONCE = 10;
const COUNTS = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
] as const;

/**
 * The event source of a queue: receives batches, invokes the function, and deletes what has succeeded. What failed becomes
 * visible again when the queue says so.
 */
export class QueueSource {
  readonly name: string;
  readonly maxConcurrency: number;
  readonly #options: QueueSourceOptions;
  readonly #queue: { readonly name: string; readonly region: string };

  constructor(options: QueueSourceOptions) {
    const { mapping, region } = options;
    this.name = nameOf(mapping);
    this.maxConcurrency = mapping.maxConcurrency ?? 5;
    this.#options = options;
    this.#queue = { name: mapping.queueUrl.split('/').at(-1) ?? '', region };
  }

  /**
   * Receives a batch: the visible messages that match, up to the batch size, waiting for more while the window lasts.
   *
   * @param waitSeconds how long the queue may wait for the first message
   */
  async receive(waitSeconds: number): Promise<SQSRecord[]> {
    const { mapping, clock, interval } = this.#options;
    const { batchSize = 10, maxBatchingWindow = 0 } = mapping;
    const batch: SQSRecord[] = [];
    let closes = Number.POSITIVE_INFINITY;
    let bytes = 0;
    while (batch.length < batchSize && bytes < MAX_EVENT_BYTES && clock.now() < closes) {
      const limit = Math.min(RECEIVE_AT_ONCE, batchSize - batch.length);
      const records = await this.#receiveOnce(limit, batch.length === 0 ? waitSeconds : 0);
      batch.push(...records);
      bytes += records.reduce((sum, { body }) => sum + Buffer.byteLength(body), 0);
      if (batch.length === 0) break;
      if (closes === Number.POSITIVE_INFINITY) closes = clock.now() + maxBatchingWindow;
      if (records.length === 0) {
        const left = closes - clock.now();
        if (left <= 0) break;
        await clock.sleep(Math.min(interval, left));
      }
    }
    return batch;
  }

  /** Invokes the function with a batch, and deletes what has succeeded. Never throws. */
  async handle(batch: readonly SQSRecord[]): Promise<void> {
    const { mapping, observer } = this.#options;
    const ids = new Set(batch.map(({ messageId }) => messageId));
    let verdict: Verdict;
    let thrown: { readonly error?: unknown } = {};
    try {
      const answer = await mapping.invoke({ Records: batch });
      verdict = judge(answer, ids, mapping.reportBatchItemFailures ?? false);
    } catch (error) {
      verdict = 'failed';
      thrown = { error };
    }
    const succeeded = batch.filter(({ messageId }) =>
      typeof verdict === 'string' ? verdict === 'succeeded' : !verdict.has(messageId),
    );
    observer.invoked?.({
      source: this.name,
      records: batch.length,
      failed: batch.length - succeeded.length,
      ...thrown,
    });
    await this.#delete(succeeded);
  }

  /** How many messages are in the queue: visible, in flight or delayed. None, and trouble, where it does not say. */
  async waiting(): Promise<number> {
    const { mapping, sqs, observer } = this.#options;
    try {
      const { Attributes = {} } = await sqs.send(
        new GetQueueAttributesCommand({ QueueUrl: mapping.queueUrl, AttributeNames: [...COUNTS] }),
      );
      return Object.values(Attributes).reduce((sum, count) => sum + Number(count), 0);
    } catch (error) {
      observer.troubled?.({ source: this.name, step: 'count', error });
      return 0;
    }
  }

  async #receiveOnce(limit: number, waitSeconds: number): Promise<SQSRecord[]> {
    const { mapping, sqs, observer } = this.#options;
    try {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({
          QueueUrl: mapping.queueUrl,
          MaxNumberOfMessages: limit,
          WaitTimeSeconds: waitSeconds,
          MessageSystemAttributeNames: ['All'],
          MessageAttributeNames: ['All'],
        }),
      );
      const records = Messages.map((message) => queueRecord(this.#queue, message));
      const matching = records.filter((record) => matchesAny(decoded(record), mapping.filters));
      // A message that no pattern matches is deleted, and nobody sees it.
      await this.#delete(records.filter((record) => !matching.includes(record)));
      return matching;
    } catch (error) {
      if (error instanceof InvalidMapping) throw error;
      observer.troubled?.({ source: this.name, step: 'receive', error });
      return [];
    }
  }

  /** Messages that cannot be deleted come again. */
  async #delete(records: readonly SQSRecord[]): Promise<void> {
    const { mapping, sqs, observer } = this.#options;
    for (let start = 0; start < records.length; start += DELETE_AT_ONCE) {
      const some = records.slice(start, start + DELETE_AT_ONCE);
      try {
        const { Failed = [] } = await sqs.send(
          new DeleteMessageBatchCommand({
            QueueUrl: mapping.queueUrl,
            Entries: some.map(({ receiptHandle }, index) => ({ Id: String(index), ReceiptHandle: receiptHandle })),
          }),
        );
        for (const error of Failed) observer.troubled?.({ source: this.name, step: 'delete', error });
      } catch (error) {
        observer.troubled?.({ source: this.name, step: 'delete', error });
      }
    }
  }
}

/** The record as filters see it: its body as an object, where it is JSON. */
function decoded(record: SQSRecord): unknown {
  try {
    return { ...record, body: JSON.parse(record.body) as unknown };
  } catch {
    return record;
  }
}
