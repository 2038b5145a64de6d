import { hash } from 'node:crypto';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { ChangeMessageVisibilityBatchCommand, type Message, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import type { Environment } from 'waybill/runtime';
import { type DeadLetterContent, readDeadLetter } from '../lib/consume/dead-letter.ts';
import type { DeployedSubscriber } from './shop.ts';

/** A dead letter, and the digest by which its bytes are compared. */
export interface ReceivedLetter extends DeadLetterContent {
  readonly sha256: string;
}

/** Letters that were read stay hidden for so long; those of a longer run are received again, and known by their ids. */
const HIDDEN_SECONDS = 600;
const BATCH = 10;

/** Reads the dead-letter queues of all subscribers. Nothing is taken out of them. */
export class DeadLetterBox {
  readonly letters: ReceivedLetter[] = [];
  readonly #environment: Environment;
  readonly #subscribers: readonly (readonly [name: string, DeployedSubscriber])[];
  /** The newest receipt of each letter, by its SQS message id. */
  readonly #receipts = new Map<string, { readonly queueUrl: string; readonly handle: string }>();

  constructor(environment: Environment, subscribers: Readonly<Record<string, DeployedSubscriber>>) {
    this.#environment = environment;
    this.#subscribers = Object.entries(subscribers);
  }

  /** Reads the letters that have come since the last time, and returns them. */
  async poll(): Promise<readonly ReceivedLetter[]> {
    const before = this.letters.length;
    for (const [, { deadLetterQueueUrl }] of this.#subscribers) {
      for (;;) {
        const messages = await this.#receive(deadLetterQueueUrl);
        if (messages.length === 0) break;
        for (const message of messages) {
          const { MessageId: id = '', ReceiptHandle: handle = '' } = message;
          const isNew = !this.#receipts.has(id);
          this.#receipts.set(id, { queueUrl: deadLetterQueueUrl, handle });
          if (isNew) this.letters.push(await this.#read(message));
        }
      }
    }
    return this.letters.slice(before);
  }

  /** Shows the letters again to whoever looks into the queues next. */
  async release(): Promise<void> {
    for (const [queueUrl, receipts] of Map.groupBy(this.#receipts.values(), (receipt) => receipt.queueUrl)) {
      for (let start = 0; start < receipts.length; start += BATCH) {
        await this.#environment.sqs.send(
          new ChangeMessageVisibilityBatchCommand({
            QueueUrl: queueUrl,
            Entries: receipts.slice(start, start + BATCH).map(({ handle }, index) => ({
              Id: String(index),
              ReceiptHandle: handle,
              VisibilityTimeout: 0,
            })),
          }),
        );
      }
    }
    this.#receipts.clear();
  }

  async #receive(queueUrl: string): Promise<Message[]> {
    const reply = await this.#environment.sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: BATCH,
        VisibilityTimeout: HIDDEN_SECONDS,
        MessageAttributeNames: ['All'],
      }),
    );
    return reply.Messages ?? [];
  }

  async #read({ Body = '', MessageAttributes = {} }: Message): Promise<ReceivedLetter> {
    const attributes = Object.entries(MessageAttributes).map(([name, { StringValue }]) => [name, StringValue]);
    const letter = await readDeadLetter(
      { body: Body, attributes: Object.fromEntries(attributes) },
      async (Bucket, Key) => {
        const s3 = await this.#environment.s3();
        const object = await s3.send(new GetObjectCommand({ Bucket, Key }));
        return (await object.Body?.transformToByteArray()) ?? new Uint8Array();
      },
    );
    return { ...letter, sha256: hash('sha256', letter.bytes) };
  }
}
