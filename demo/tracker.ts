import { BatchGetItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import type { Environment } from 'waybill/runtime';
import { type InboxRow, inboxKey } from '../lib/ledger/rows/inbox.ts';
import { SUBSCRIBERS } from './deployment.ts';

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
  readonly #environment: Environment;
  readonly #ledger: string;
  readonly #pending = new Map<string, Set<string>>(SUBSCRIBERS.map(({ name }) => [name, new Set()]));

  constructor(environment: Environment, ledger: string) {
    this.#environment = environment;
    this.#ledger = ledger;
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
    await Promise.all(
      [...this.#pending].map(async ([subscriber, pending]) => {
        const asked = [...pending];
        for (let start = 0; start < asked.length; start += BATCH) {
          const rows = await this.#inboxRows(subscriber, asked.slice(start, start + BATCH));
          for (const row of rows) this.#end(subscriber, row);
          if (rows.length === 0 && !everywhere) return;
        }
      }),
    );
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

  async #inboxRows(subscriber: string, ids: readonly string[]): Promise<InboxRow[]> {
    const rows: InboxRow[] = [];
    let Keys = ids.map((id) => marshall(inboxKey(subscriber, id)));
    while (Keys.length > 0) {
      const { Responses, UnprocessedKeys } = await this.#environment.dynamodb.send(
        new BatchGetItemCommand({ RequestItems: { [this.#ledger]: { Keys, ConsistentRead: true } } }),
      );
      rows.push(...(Responses?.[this.#ledger] ?? []).map((item) => unmarshall(item) as InboxRow));
      Keys = UnprocessedKeys?.[this.#ledger]?.Keys ?? [];
    }
    return rows;
  }
}

/** The names of the subscribers that consume an event type. */
export function subscribersOf(type: string): string[] {
  return SUBSCRIBERS.filter(({ consumes }) => consumes.some((event) => event.type === type)).map(({ name }) => name);
}
