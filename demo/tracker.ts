import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Environment } from 'waybill/runtime';
import { getRows } from '../lib/ledger/batch-get.ts';
import { type InboxRow, inboxKey } from '../lib/ledger/rows/inbox.ts';
import { type Deployment, SUBSCRIBERS, subscribersOf } from './deployment.ts';

/** A message of the run. */
export interface TrackedMessage {
  readonly id: string;
  readonly type: string;
  readonly orderId: string;
}

/** A message that has ended at a subscriber. */
export interface EndedMessage {
  readonly message: TrackedMessage;
  readonly subscriber: string;
  readonly row: InboxRow;
}

/** What DynamoDB returns of one `BatchGetItem`. */
const BATCH = 100;

/**
 * Follows the run's messages through the inboxes, by their ids alone: each message is expected at every subscriber of its
 * type, and what a handler has published is in its inbox row and is followed in turn.
 */
export class MessageTracker {
  readonly messages = new Map<string, TrackedMessage>();
  readonly ended: EndedMessage[] = [];
  readonly #ledger: { readonly environment: Environment; readonly table: string; readonly shards: number };
  readonly #pending = new Map<string, Set<string>>(SUBSCRIBERS.map(({ name }) => [name, new Set()]));

  constructor(environment: Environment, { ledger: table, shards }: Deployment) {
    this.#ledger = { environment, table, shards };
  }

  /** Expects a committed message at its subscribers. A message that is known already stays as it is. */
  follow(message: TrackedMessage): boolean {
    if (this.messages.has(message.id)) return false;
    this.messages.set(message.id, message);
    for (const subscriber of subscribersOf(message.type)) this.#pending.get(subscriber)?.add(message.id);
    return true;
  }

  /** Ends that are still to come. */
  get pending(): number {
    return [...this.#pending.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** The ids that have not ended at a subscriber. */
  pendingAt(subscriber: string): string[] {
    return [...(this.#pending.get(subscriber) ?? [])];
  }

  /**
   * Looks what has ended since the last time. Messages end about in the order in which they were followed, so that it is
   * enough to look until a hundred in turn have not.
   *
   * @param everywhere whether to look at every message: some may be stuck before the others
   */
  async poll(everywhere: boolean): Promise<EndedMessage[]> {
    const before = this.ended.length;
    const polls = [...this.#pending.keys()].map(async (subscriber) => {
      const ids = this.pendingAt(subscriber);
      for (let start = 0; start < ids.length; start += BATCH) {
        const keys = ids.slice(start, start + BATCH).map((id) => inboxKey(subscriber, id));
        const rows = await getRows(this.#ledger, keys);
        for (const row of rows) this.#end(subscriber, unmarshall(row) as InboxRow);
        if (rows.length === 0 && !everywhere) return;
      }
    });
    await Promise.all(polls);
    return this.ended.slice(before);
  }

  #end(subscriber: string, row: InboxRow): void {
    const message = this.messages.get(row.sk);
    if (!message || !this.#pending.get(subscriber)?.delete(row.sk)) return;
    this.ended.push({ message, subscriber, row });
    // The shop's subscribers publish one type each.
    const type = SUBSCRIBERS.find(({ name }) => name === subscriber)?.publishes[0]?.type;
    if (type) for (const id of row.published ?? []) this.follow({ id, type, orderId: message.orderId });
  }
}
