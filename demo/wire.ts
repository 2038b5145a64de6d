import { PutRecordCommand } from '@aws-sdk/client-kinesis';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { resend } from 'waybill/operations';
import type { Environment } from 'waybill/runtime';
import type { Deployment } from './deployment.ts';
import type { Poison } from './poison.ts';
import { type EndedMessage, subscribersOf, type TrackedMessage } from './tracker.ts';

/** Sends a committed message to a subscriber's own queue once more, with the same id. */
export type SendAgain = (id: string, subscriber: string) => Promise<void>;

/** Puts poison where a subscriber's messages come from, past ledger and relay: on its queue, or on its stream. */
export async function putOnWire(environment: Environment, deployment: Deployment, poison: Poison): Promise<void> {
  const { streamName, queueUrl } = subscriberOf(deployment, poison.subscriber);
  if (streamName) {
    const kinesis = await environment.kinesis();
    const record = { StreamName: streamName, PartitionKey: poison.sha256, Data: poison.bytes };
    await kinesis.send(new PutRecordCommand(record));
  } else {
    const MessageBody = Buffer.from(poison.bytes).toString();
    await environment.sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody }));
  }
}

export function sendAgain(environment: Environment, deployment: Deployment): SendAgain {
  return (id, subscriber) => {
    const { queueUrl: url } = subscriberOf(deployment, subscriber);
    return resend(environment, deployment, id, { subscriber, destination: { kind: 'queue', url } });
  };
}

function subscriberOf({ subscribers }: Deployment, name: string) {
  const subscriber = subscribers[name];
  if (!subscriber) throw new Error(`The shop has no subscriber ${name}`);
  return subscriber;
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
  #due: (readonly [id: string, subscriber: string])[] = [];

  constructor(share: number, sendAgain: SendAgain) {
    this.#share = share;
    this.#sendAgain = sendAgain;
  }

  /** A message is committed: it may be chosen. */
  committed({ id, type }: TrackedMessage): void {
    this.#seen += 1;
    if (this.#chosen >= Math.round(this.#seen * this.#share)) return;
    this.#chosen += 1;
    if (this.#chosen % 2 === 0) this.#late.add(id);
    else for (const subscriber of subscribersOf(type)) this.#due.push([id, subscriber]);
  }

  /** A message has ended at a subscriber. */
  ended({ message, subscriber }: EndedMessage): void {
    if (this.#late.has(message.id)) this.#due.push([message.id, subscriber]);
  }

  /** Sends what was chosen since the last time. */
  async send(): Promise<void> {
    const due = this.#due;
    this.#due = [];
    await Promise.all(due.map(([id, subscriber]) => this.#sendAgain(id, subscriber)));
    for (const [, subscriber] of due) this.sent[subscriber] = (this.sent[subscriber] ?? 0) + 1;
  }
}
