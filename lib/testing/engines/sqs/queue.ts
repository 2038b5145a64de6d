import { Deduplication } from './deduplication.ts';
import { messageNotInFlight, receiptHandleHasExpired, receiptHandleIsInvalid } from './exceptions.ts';
import { inTurn } from './fifo-order.ts';
import { isFifo, refuseQueue, type SettingsOfQueue } from './queue-options.ts';
import { isInFlight, type SentMessage, type StoredMessage } from './stored-message.ts';

export type QueueOptions = SettingsOfQueue<Queue>;

/** A change of a message in a queue, in the moment in which it happens. */
export interface QueueEvent {
  /**
   * `moved` says to which queue: SQS gave the message up; `expired`: it was kept as long as the queue keeps one; `postponed`: its
   * visibility was changed.
   */
  readonly kind: 'sent' | 'received' | 'deleted' | 'moved' | 'expired' | 'postponed';
  /** The queue's name. */
  readonly queue: string;
  readonly message: StoredMessage;
  readonly to?: string;
}

/**
 * A queue. Messages of a standard queue are received in the order in which they became visible, so that runs repeat; SQS
 * itself promises no order. Those of a FIFO queue are received in order within their groups, and only once taken.
 */
export class Queue {
  readonly name: string;
  readonly url: string;
  readonly arn: string;
  readonly isFifo: boolean;
  readonly visibilityTimeout: number;
  readonly options: QueueOptions;
  readonly #now: () => number;
  readonly #onEvent: (event: QueueEvent) => void;
  readonly #deduplication: Deduplication;
  #messages: StoredMessage[] = [];
  #receipts = 0;
  #sequence = 0n;

  constructor(options: QueueOptions, now: () => number, onEvent: (event: QueueEvent) => void = () => undefined) {
    refuseQueue(options);
    this.name = options.name;
    this.url = `https://sqs.us-east-1.amazonaws.com/000000000000/${options.name}`;
    this.arn = `arn:aws:sqs:us-east-1:000000000000:${options.name}`;
    this.isFifo = isFifo(options);
    this.visibilityTimeout = options.visibilityTimeout ?? 30;
    this.options = options;
    this.#now = now;
    this.#onEvent = onEvent;
    this.#deduplication = new Deduplication({ isByGroup: options.deduplicationScope === 'messageGroup' });
  }

  /** All messages, in flight or not, in the order in which they came. */
  messages(): readonly Readonly<StoredMessage>[] {
    this.#dropOld();
    return this.#messages;
  }

  /** Takes a message. A FIFO queue takes none that it has taken before, and answers with the one that it has. */
  send(message: SentMessage, delaySeconds = this.options.delaySeconds ?? 0): Readonly<StoredMessage> {
    const sentAt = this.#now();
    const original = this.isFifo ? this.#deduplication.original(message, sentAt) : undefined;
    if (original) return original;
    const visibleAt = sentAt + delaySeconds * 1000;
    const stored = { ...message, ...this.#numbered(), sentAt, visibleAt, receives: 0 };
    if (this.isFifo) this.#deduplication.take(stored, sentAt);
    this.#messages.push(stored);
    this.#tell('sent', stored);
    return stored;
  }

  /** How many messages are visible, in flight and delayed, by SQS's names of the numbers. */
  counts() {
    const now = this.#now();
    const hidden = this.messages().filter(({ visibleAt }) => visibleAt > now);
    const inFlight = hidden.filter((message) => isInFlight(message, now)).length;
    return {
      ApproximateNumberOfMessages: String(this.#messages.length - hidden.length),
      ApproximateNumberOfMessagesNotVisible: String(inFlight),
      ApproximateNumberOfMessagesDelayed: String(hidden.length - inFlight),
    };
  }

  /** The earliest moment at which a message can be received, as far as is known now; infinite where there is none. */
  nextVisible(): number {
    const now = this.#now();
    if (this.isFifo && inTurn(this.messages(), now).length > 0) return now;
    const moments = this.messages().map(({ visibleAt }) => visibleAt);
    return moments
      .filter((moment) => !this.isFifo || moment > now)
      .reduce((first, moment) => Math.min(first, moment), Number.POSITIVE_INFINITY);
  }

  /**
   * Puts a message back as it was, visible at once: a standard queue may deliver even what was deleted. A FIFO queue does
   * not, but a message of it that was received may be visible again.
   */
  restore(message: Readonly<StoredMessage>): void {
    this.#messages = this.#messages.filter(({ id }) => id !== message.id);
    this.#messages.push({ ...message, visibleAt: this.#now() });
    if (this.isFifo) this.#messages.sort(bySequence);
  }

  /** Receives up to `limit` visible messages. */
  receive(limit: number, visibilityTimeout = this.visibilityTimeout): StoredMessage[] {
    this.#dropOld();
    const visible = this.#moveDead(this.#visible());
    return visible.slice(0, limit).map((message) => this.#receipt(message, visibilityTimeout));
  }

  /** Receives this message, when it is visible. */
  receiveOnly(id: string): StoredMessage | undefined {
    const message = this.#messages.find((one) => one.id === id && one.visibleAt <= this.#now());
    return message && this.#receipt(message, this.visibilityTimeout);
  }

  /**
   * Deletes the message of the receipt. In a standard queue, an outdated receipt of a message deletes nothing, and is no
   * error; in a FIFO queue it is one as soon as the message is visible again.
   */
  delete(receiptHandle: string): void {
    this.#refuseForeign(receiptHandle);
    const message = this.#messages.find((one) => one.receiptHandle === receiptHandle);
    if (this.isFifo && message && !isInFlight(message, this.#now())) throw receiptHandleHasExpired(receiptHandle);
    if (!message) return;
    this.#messages = this.#messages.filter((one) => one !== message);
    this.#tell('deleted', message);
  }

  changeVisibility(receiptHandle: string, seconds: number): void {
    this.#refuseForeign(receiptHandle);
    const message = this.#messages.find((one) => one.receiptHandle === receiptHandle);
    if (!message || message.visibleAt <= this.#now()) throw messageNotInFlight();
    message.visibleAt = this.#now() + seconds * 1000;
    this.#tell('postponed', message);
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

  #visible(): StoredMessage[] {
    const now = this.#now();
    if (this.isFifo) return inTurn(this.#messages, now);
    const visible = this.#messages.filter(({ visibleAt }) => visibleAt <= now);
    return visible.sort((one, other) => one.visibleAt - other.visibleAt);
  }

  /** Moves what was received too often to the dead-letter queue, and answers with what stays. */
  #moveDead(visible: readonly StoredMessage[]): StoredMessage[] {
    const { deadLetter } = this.options;
    const isDead = ({ receives }: StoredMessage) => deadLetter !== undefined && receives >= deadLetter.maxReceiveCount;
    const dead = new Set(visible.filter(isDead));
    if (!deadLetter || dead.size === 0) return [...visible];
    // In the order in which they came.
    const moved = this.#messages.filter((message) => dead.has(message));
    this.#messages = this.#messages.filter((message) => !dead.has(message));
    for (const message of moved) {
      deadLetter.queue.#adopt(message);
      this.#tell('moved', message, deadLetter.queue.name);
    }
    return visible.filter((message) => !dead.has(message));
  }

  /**
   * Only in FIFO queues is a dead letter as new as its move.
   *
   * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
   */
  #adopt(message: StoredMessage): void {
    const renewed = this.isFifo ? { ...this.#numbered(), sentAt: this.#now() } : {};
    this.#messages.push({ ...message, ...renewed, receives: 0 });
  }

  #numbered(): { readonly sequenceNumber?: string } {
    if (!this.isFifo) return {};
    this.#sequence += 256n;
    return { sequenceNumber: String(FIRST_SEQUENCE_NUMBER + this.#sequence) };
  }

  #dropOld(): void {
    const oldest = this.#now() - (this.options.retentionSeconds ?? FOUR_DAYS) * 1000;
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
const FIRST_SEQUENCE_NUMBER = 18_849_496_460_467_696_128n;

function bySequence(one: StoredMessage, other: StoredMessage): number {
  return BigInt(one.sequenceNumber ?? 0) < BigInt(other.sequenceNumber ?? 0) ? -1 : 1;
}
