import type { MessageAttributeValue } from '@aws-sdk/client-sqs';
import { messageNotInFlight, receiptHandleIsInvalid } from './exceptions.ts';

export interface QueueOptions {
  readonly name: string;
  /** Seconds for which a received message is invisible. @default 30 */
  readonly visibilityTimeout?: number;
  /** Seconds for which a new message is invisible, where it does not say. @default 0 */
  readonly delaySeconds?: number;
  /** Seconds after which a message is gone. @default 4 days */
  readonly retentionSeconds?: number;
  /** Where a message goes instead of being received once more than this. @default nowhere */
  readonly deadLetter?: { readonly queue: Queue; readonly maxReceiveCount: number };
}

/** A message as it lies in a queue. */
export interface StoredMessage {
  readonly id: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, MessageAttributeValue>>;
  readonly traceHeader?: string;
  /** Milliseconds since the epoch. A move to a dead-letter queue does not change it. */
  readonly sentAt: number;
  /** Milliseconds since the epoch from which it can be received. */
  visibleAt: number;
  receives: number;
  firstReceivedAt?: number;
  /** Of the last receipt. */
  receiptHandle?: string;
}

export type SentMessage = Pick<StoredMessage, 'id' | 'body' | 'attributes' | 'traceHeader'>;

/** What has become of a message, in the moment in which it did. */
export interface QueueEvent {
  /** `moved` says to which queue: SQS gave the message up; `expired`: it was kept as long as the queue keeps one. */
  readonly kind: 'sent' | 'received' | 'deleted' | 'moved' | 'expired';
  /** The queue's name. */
  readonly queue: string;
  readonly message: StoredMessage;
  readonly to?: string;
}

/**
 * A standard queue. Messages are received in the order in which they became visible, so that runs repeat; SQS itself
 * promises no order.
 */
export class Queue {
  readonly name: string;
  readonly url: string;
  readonly visibilityTimeout: number;
  readonly #options: QueueOptions;
  readonly #now: () => number;
  readonly #onEvent: (event: QueueEvent) => void;
  #messages: StoredMessage[] = [];
  #receipts = 0;

  constructor(options: QueueOptions, now: () => number, onEvent: (event: QueueEvent) => void = () => undefined) {
    this.name = options.name;
    this.url = `https://sqs.us-east-1.amazonaws.com/000000000000/${options.name}`;
    this.visibilityTimeout = options.visibilityTimeout ?? 30;
    this.#options = options;
    this.#now = now;
    this.#onEvent = onEvent;
  }

  /** All messages, in flight or not, in the order in which they came. */
  messages(): readonly Readonly<StoredMessage>[] {
    this.#dropOld();
    return this.#messages;
  }

  send(message: SentMessage, delaySeconds = this.#options.delaySeconds ?? 0): void {
    const sentAt = this.#now();
    const stored = { ...message, sentAt, visibleAt: sentAt + delaySeconds * 1000, receives: 0 };
    this.#messages.push(stored);
    this.#tell('sent', stored);
  }

  /** How many messages are visible, in flight and delayed, by SQS's names of the numbers. */
  counts() {
    const now = this.#now();
    const hidden = this.messages().filter(({ visibleAt }) => visibleAt > now);
    const inFlight = hidden.filter(({ receives }) => receives > 0).length;
    return {
      ApproximateNumberOfMessages: String(this.#messages.length - hidden.length),
      ApproximateNumberOfMessagesNotVisible: String(inFlight),
      ApproximateNumberOfMessagesDelayed: String(hidden.length - inFlight),
    };
  }

  /** Puts a message back as it was, visible at once: a standard queue may deliver even what was deleted. */
  restore(message: Readonly<StoredMessage>): void {
    this.#messages = this.#messages.filter(({ id }) => id !== message.id);
    this.#messages.push({ ...message, visibleAt: this.#now() });
  }

  /** Receives up to `limit` visible messages. */
  receive(limit: number, visibilityTimeout = this.visibilityTimeout): StoredMessage[] {
    this.#dropOld();
    const now = this.#now();
    this.#moveDead(now);
    const visible = this.#messages.filter((message) => message.visibleAt <= now);
    visible.sort((one, other) => one.visibleAt - other.visibleAt);
    return visible.slice(0, limit).map((message) => this.#receipt(message, visibilityTimeout));
  }

  /** Receives this message, when it is visible. */
  receiveOnly(id: string): StoredMessage | undefined {
    const message = this.#messages.find((one) => one.id === id && one.visibleAt <= this.#now());
    return message && this.#receipt(message, this.visibilityTimeout);
  }

  /** Deletes the message of the receipt. An outdated receipt of a message deletes nothing, and is no error. */
  delete(receiptHandle: string): void {
    this.#refuseForeign(receiptHandle);
    const message = this.#messages.find((one) => one.receiptHandle === receiptHandle);
    if (!message) return;
    this.#messages = this.#messages.filter((one) => one !== message);
    this.#tell('deleted', message);
  }

  changeVisibility(receiptHandle: string, seconds: number): void {
    this.#refuseForeign(receiptHandle);
    const message = this.#messages.find((one) => one.receiptHandle === receiptHandle);
    if (!message || message.visibleAt <= this.#now()) throw messageNotInFlight();
    message.visibleAt = this.#now() + seconds * 1000;
  }

  #receipt(message: StoredMessage, visibilityTimeout: number): StoredMessage {
    const now = this.#now();
    this.#receipts += 1;
    message.receives += 1;
    message.firstReceivedAt ??= now;
    message.visibleAt = now + visibilityTimeout * 1000;
    message.receiptHandle = `${this.name}#${this.#receipts}`;
    const receipt = { ...message };
    this.#tell('received', message);
    return receipt;
  }

  #refuseForeign(receiptHandle: string): void {
    const [name, receipt] = receiptHandle.split('#');
    if (name !== this.name || !(Number(receipt) >= 1 && Number(receipt) <= this.#receipts)) {
      throw receiptHandleIsInvalid();
    }
  }

  #moveDead(now: number): void {
    const { deadLetter } = this.#options;
    if (!deadLetter) return;
    const isDead = ({ visibleAt, receives }: StoredMessage) =>
      visibleAt <= now && receives >= deadLetter.maxReceiveCount;
    const dead = this.#messages.filter(isDead);
    if (dead.length === 0) return;
    this.#messages = this.#messages.filter((message) => !isDead(message));
    for (const message of dead) {
      deadLetter.queue.#messages.push({ ...message, receives: 0 });
      this.#tell('moved', message, deadLetter.queue.name);
    }
  }

  #dropOld(): void {
    const oldest = this.#now() - (this.#options.retentionSeconds ?? FOUR_DAYS) * 1000;
    const old = this.#messages.filter(({ sentAt }) => sentAt <= oldest);
    if (old.length === 0) return;
    this.#messages = this.#messages.filter(({ sentAt }) => sentAt > oldest);
    for (const message of old) this.#tell('expired', message);
  }

  #tell(kind: QueueEvent['kind'], message: StoredMessage, to?: string): void {
    this.#onEvent({ kind, queue: this.name, message, ...(to !== undefined && { to }) });
  }
}

const FOUR_DAYS = 4 * 24 * 60 * 60;
