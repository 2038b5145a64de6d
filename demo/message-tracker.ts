import { type AttributeValue, BatchGetItemCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { SubscriberDefinition } from 'waybill';
import type { Environment } from 'waybill/runtime';
import { type InboxRow, inboxKey } from '../lib/ledger/rows/inbox.ts';
import type { LedgerKey } from '../lib/ledger/rows/layout.ts';

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
 * Follows the run's messages through the ledger, by their ids alone: each message is expected at every subscriber of its
 * type, and what a handler has published is in its inbox row and is followed in turn.
 */
export class MessageTracker {
  readonly messages = new Map<string, TrackedMessage>();
  readonly ended: EndedMessage[] = [];
  readonly #environment: Environment;
  readonly #ledger: string;
  readonly #subscribers: readonly SubscriberDefinition[];
  readonly #pending: ReadonlyMap<string, Set<string>>;

  constructor(environment: Environment, ledger: string, subscribers: readonly SubscriberDefinition[]) {
    this.#environment = environment;
    this.#ledger = ledger;
    this.#subscribers = subscribers;
    this.#pending = new Map(subscribers.map(({ name }) => [name, new Set<string>()]));
  }

  /** Expects a committed message at its subscribers. A message that is known already stays as it is. */
  follow(message: TrackedMessage): boolean {
    if (this.messages.has(message.id)) return false;
    this.messages.set(message.id, message);
    for (const { name } of this.subscribersOf(message.type)) this.#pending.get(name)?.add(message.id);
    return true;
  }

  subscribersOf(type: string): SubscriberDefinition[] {
    return this.#subscribers.filter(({ consumes }) => consumes.some((event) => event.type === type));
  }

  /** The ids that have not ended at a subscriber. */
  pendingAt(subscriber: string): string[] {
    return [...(this.#pending.get(subscriber) ?? [])];
  }

  get pending(): number {
    return this.#subscribers.reduce((sum, { name }) => sum + (this.#pending.get(name)?.size ?? 0), 0);
  }

  /**
   * Looks what has ended since the last time. Messages end about in the order in which they were followed, so that it is
   * enough to look until a hundred in turn have not.
   *
   * @param everywhere whether to look at every message: some may be stuck before the others
   */
  async poll(everywhere: boolean): Promise<EndedMessage[]> {
    const before = this.ended.length;
    await Promise.all(this.#subscribers.map((subscriber) => this.#pollSubscriber(subscriber, everywhere)));
    return this.ended.slice(before);
  }

  async #pollSubscriber(subscriber: SubscriberDefinition, everywhere: boolean): Promise<void> {
    const pending = this.#pending.get(subscriber.name) ?? new Set();
    const asked = [...pending];
    for (let start = 0; start < asked.length; start += BATCH) {
      const rows = await this.#inboxRows(subscriber.name, asked.slice(start, start + BATCH));
      for (const [id, row] of rows) {
        pending.delete(id);
        this.#end(subscriber, id, row);
      }
      if (rows.size === 0 && !everywhere) return;
    }
  }

  #end(subscriber: SubscriberDefinition, id: string, row: InboxRow): void {
    const message = this.messages.get(id);
    if (!message) return;
    this.ended.push({ message, subscriber: subscriber.name, row });
    // The shop's subscribers publish one type each.
    const type = subscriber.publishes[0]?.type;
    for (const published of type ? (row.published ?? []) : []) {
      this.follow({ id: published, type: type as string, orderId: message.orderId });
    }
  }

  async #inboxRows(subscriber: string, ids: readonly string[]): Promise<Map<string, InboxRow>> {
    const rows = await readRows(
      this.#environment,
      this.#ledger,
      ids.map((id) => inboxKey(subscriber, id)),
    );
    return new Map(rows.map((row) => [row.sk, row as unknown as InboxRow]));
  }
}

/** Reads rows of the ledger, consistently; those that are not there are left out. At most 100. */
export async function readRows(
  { dynamodb }: Environment,
  ledger: string,
  keys: readonly LedgerKey[],
): Promise<(LedgerKey & Record<string, unknown>)[]> {
  const rows: (LedgerKey & Record<string, unknown>)[] = [];
  let wanted: Record<string, AttributeValue>[] = keys.map(({ pk, sk }) => ({ pk: { S: pk }, sk: { S: sk } }));
  while (wanted.length > 0) {
    const reply = await dynamodb.send(
      new BatchGetItemCommand({ RequestItems: { [ledger]: { Keys: wanted, ConsistentRead: true } } }),
    );
    for (const item of reply.Responses?.[ledger] ?? []) rows.push(unmarshall(item) as (typeof rows)[number]);
    wanted = reply.UnprocessedKeys?.[ledger]?.Keys ?? [];
  }
  return rows;
}
