import type { StoredMessage } from './stored-message.ts';

/** @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-messagededuplicationid-property.html */
const WINDOW_MS = 5 * 60 * 1000;

/** The messages that a FIFO queue has taken within the last five minutes: those that were received and deleted, too. */
export class Deduplication {
  readonly #isByGroup: boolean;
  /** In the order in which they were taken. */
  readonly #taken = new Map<string, { readonly message: Readonly<StoredMessage>; readonly until: number }>();

  /** @param options.isByGroup whether ids count within their group only */
  constructor({ isByGroup }: { readonly isByGroup: boolean }) {
    this.#isByGroup = isByGroup;
  }

  /** The message that was taken under the same id, if that is no longer ago than the window. */
  original(message: IdentifiedMessage, now: number): Readonly<StoredMessage> | undefined {
    for (const [key, { until }] of this.#taken) {
      if (until > now) break;
      this.#taken.delete(key);
    }
    return this.#taken.get(this.#keyOf(message))?.message;
  }

  take(message: Readonly<StoredMessage>, now: number): void {
    this.#taken.set(this.#keyOf(message), { message, until: now + WINDOW_MS });
  }

  #keyOf({ groupId, deduplicationId }: IdentifiedMessage): string {
    return JSON.stringify(this.#isByGroup ? [deduplicationId, groupId] : [deduplicationId]);
  }
}

type IdentifiedMessage = Pick<StoredMessage, 'groupId' | 'deduplicationId'>;
