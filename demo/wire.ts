import { hash } from 'node:crypto';
import { PutRecordCommand } from '@aws-sdk/client-kinesis';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import {
  ChangeMessageVisibilityCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { resend } from 'waybill/operations';
import type { Environment } from 'waybill/runtime';
import { type DeadLetterContent, readDeadLetter } from '../lib/consume/dead-letter.ts';
import { type DeployedSubscriber, type Deployment, subscribersOf } from './deployment.ts';
import type { Poison } from './poison.ts';
import type { EndedMessage, TrackedMessage } from './tracker.ts';

/** Puts poison where a subscriber's messages come from, past ledger and relay: on its queue, or on its stream. */
export async function putOnWire(
  environment: Environment,
  { subscribers }: Deployment,
  { subscriber, sha256: PartitionKey, bytes: Data }: Poison,
): Promise<void> {
  const { streamName: StreamName, queueUrl: QueueUrl } = subscribers[subscriber] as DeployedSubscriber;
  const MessageBody = Buffer.from(Data).toString();
  if (!StreamName) await environment.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  else await (await environment.kinesis()).send(new PutRecordCommand({ StreamName, PartitionKey, Data }));
}

/** Sends a committed message to a subscriber's own queue once more, with the same id. */
export type SendAgain = (id: string, subscriber: string) => Promise<void>;

export function sendAgain(environment: Environment, deployment: Deployment): SendAgain {
  return (id, subscriber) => {
    const url = deployment.subscribers[subscriber]?.queueUrl ?? '';
    return resend(environment, deployment, id, { subscriber, destination: { kind: 'queue', url } });
  };
}

/**
 * Sends a share of the run's messages again, to every subscriber of theirs: half of them at once, so that they race the
 * original, half when the original has ended.
 */
export class WireDuplicates {
  /** How many were sent to each subscriber. */
  readonly sent: Record<string, number> = {};
  readonly #share: number;
  readonly #sendAgain: SendAgain;
  readonly #late = new Set<string>();
  #seen = 0;
  #chosen = 0;

  constructor(share: number, sendAgain: SendAgain) {
    this.#share = share;
    this.#sendAgain = sendAgain;
  }

  /** @param committed messages since the last time, of which some are chosen @param ended since the last time */
  async send(committed: readonly TrackedMessage[], ended: readonly EndedMessage[]): Promise<void> {
    const due: (readonly [id: string, subscriber: string])[] = [];
    for (const { id, type } of committed) {
      this.#seen += 1;
      if (this.#chosen >= Math.round(this.#seen * this.#share)) continue;
      this.#chosen += 1;
      if (this.#chosen % 2 === 0) this.#late.add(id);
      else due.push(...subscribersOf(type).map((subscriber) => [id, subscriber] as const));
    }
    for (const { message, subscriber } of ended) if (this.#late.has(message.id)) due.push([message.id, subscriber]);
    await Promise.all(due.map(([id, subscriber]) => this.#sendAgain(id, subscriber)));
    for (const [, subscriber] of due) this.sent[subscriber] = (this.sent[subscriber] ?? 0) + 1;
  }
}

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
    const options = { MaxNumberOfMessages: 10, VisibilityTimeout: HIDDEN_SECONDS, MessageAttributeNames: ['All'] };
    for (const QueueUrl of this.#queueUrls) {
      for (;;) {
        const { Messages = [] } = await this.#environment.sqs.send(new ReceiveMessageCommand({ QueueUrl, ...options }));
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
      const { Body } = await (await this.#environment.s3()).send(new GetObjectCommand({ Bucket, Key }));
      return (await Body?.transformToByteArray()) ?? new Uint8Array();
    });
    return { ...letter, sha256: hash('sha256', letter.bytes) };
  }
}
