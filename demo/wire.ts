import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { SendFailed } from 'waybill';
import type { Environment } from 'waybill/runtime';
import { putRecords, sendMessages } from '../lib/aws/send-batch.ts';
import type { DeployedSubscriber } from './shop.ts';

const LENGTHS = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
] as const;

/** Puts bytes where a subscriber's messages come from, past ledger and relay: on its queue, or on its stream. */
export class Wire {
  readonly #environment: Environment;
  readonly #subscribers: Readonly<Record<string, DeployedSubscriber>>;
  #waiting: { readonly subscriber: string; readonly bytes: Uint8Array }[] = [];

  constructor(environment: Environment, subscribers: Readonly<Record<string, DeployedSubscriber>>) {
    this.#environment = environment;
    this.#subscribers = subscribers;
  }

  /** Puts the bytes on the wire with the next `flush`. */
  add(subscriber: string, bytes: Uint8Array): void {
    this.#waiting.push({ subscriber, bytes });
  }

  /** @throws SendFailed when a record could not be put there */
  async flush(): Promise<void> {
    const records = this.#waiting;
    this.#waiting = [];
    for (const [subscriber, some] of Map.groupBy(records, (record) => record.subscriber)) {
      await this.#send(
        subscriber,
        some.map(({ bytes }) => bytes),
      );
    }
  }

  /** Messages that wait in the subscribers' queues: about so many, with those that are hidden or delayed. */
  async backlog(): Promise<number> {
    const lengths = await Promise.all(
      Object.values(this.#subscribers).map(async ({ queueUrl: QueueUrl }) => {
        const AttributeNames = [...LENGTHS];
        const { Attributes = {} } = await this.#environment.sqs.send(
          new GetQueueAttributesCommand({ QueueUrl, AttributeNames }),
        );
        return LENGTHS.reduce((sum, name) => sum + Number(Attributes[name] ?? 0), 0);
      }),
    );
    return lengths.reduce((sum, length) => sum + length, 0);
  }

  async #send(name: string, records: readonly Uint8Array[]): Promise<void> {
    const subscriber = this.#subscribers[name];
    if (!subscriber) return;
    const { streamName, queueUrl } = subscriber;
    const failed = streamName
      ? await putRecords(
          this.#environment,
          streamName,
          records.map((data, index) => ({ data, partitionKey: String(index) })),
        )
      : await sendMessages(
          this.#environment,
          queueUrl,
          records.map((bytes) => ({ body: Buffer.from(bytes).toString() })),
        );
    if (failed.length > 0) {
      throw new SendFailed(
        `${failed.length} of ${records.length} records for '${name}' were refused: ${failed[0]?.code}`,
      );
    }
  }
}
