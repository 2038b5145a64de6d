import { hash } from 'node:crypto';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { ChangeMessageVisibilityCommand, type Message, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import type { Environment } from 'waybill/runtime';
import { type DeadLetterContent, readDeadLetter } from '../lib/consume/dead-letter.ts';
import type { DeployedSubscriber } from './deployment.ts';

/** A dead letter, and the digest by which its bytes are compared. */
export interface ReceivedLetter extends DeadLetterContent {
  readonly sha256: string;
}

/** Letters that were read stay hidden for so long; those of a longer run are received again, and known by their ids. */
const HIDDEN_SECONDS = 600;

/** Reads the dead-letter queues of all subscribers. Nothing is taken out of them. */
export class DeadLetterBox {
  readonly letters: ReceivedLetter[] = [];
  readonly #environment: Environment;
  readonly #queueUrls: readonly string[];
  /** The newest receipt of each letter, by its SQS message id. */
  readonly #receipts = new Map<string, { readonly QueueUrl: string; readonly ReceiptHandle: string | undefined }>();

  constructor(environment: Environment, subscribers: Readonly<Record<string, DeployedSubscriber>>) {
    this.#environment = environment;
    this.#queueUrls = Object.values(subscribers).map(({ deadLetterQueueUrl }) => deadLetterQueueUrl);
  }

  /** Reads the letters that have come since the last time, and returns them. */
  async poll(): Promise<readonly ReceivedLetter[]> {
    const before = this.letters.length;
    for (const QueueUrl of this.#queueUrls) {
      for (;;) {
        const { Messages = [] } = await this.#environment.sqs.send(
          new ReceiveMessageCommand({
            ...{ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: HIDDEN_SECONDS },
            MessageAttributeNames: ['All'],
          }),
        );
        if (Messages.length === 0) break;
        for (const message of Messages) {
          const { MessageId = '', ReceiptHandle } = message;
          const isNew = !this.#receipts.has(MessageId);
          this.#receipts.set(MessageId, { QueueUrl, ReceiptHandle });
          if (isNew) this.letters.push(await this.#read(message));
        }
      }
    }
    return this.letters.slice(before);
  }

  /** Shows the letters again to whoever looks into the queues next. */
  async release(): Promise<void> {
    for (const receipt of this.#receipts.values()) {
      await this.#environment.sqs.send(new ChangeMessageVisibilityCommand({ ...receipt, VisibilityTimeout: 0 }));
    }
    this.#receipts.clear();
  }

  async #read({ Body: body = '', MessageAttributes = {} }: Message): Promise<ReceivedLetter> {
    const attributes = Object.entries(MessageAttributes).map(([name, { StringValue }]) => [name, StringValue]);
    const letter = await readDeadLetter({ body, attributes: Object.fromEntries(attributes) }, async (Bucket, Key) => {
      const s3 = await this.#environment.s3();
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
      return (await Body?.transformToByteArray()) ?? new Uint8Array();
    });
    return { ...letter, sha256: hash('sha256', letter.bytes) };
  }
}
