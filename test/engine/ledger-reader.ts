import { BatchGetItemCommand, GetItemCommand, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { type FailureRow, failureKey } from '../../lib/ledger/rows/failure.ts';
import { type InboxRow, inboxKey } from '../../lib/ledger/rows/inbox.ts';
import type { LedgerKey } from '../../lib/ledger/rows/layout.ts';
import { outboxKey } from '../../lib/ledger/rows/outbox.ts';
import { type Route, routePartition } from '../../lib/ledger/rows/route.ts';
import type { Stage } from './stage.ts';

/** What `BatchGetItem` takes. */
const BATCH = 100;

/** Reads what the ledger says, row by row and consistently. */
export class LedgerReader {
  readonly #stage: Pick<Stage, 'dynamodb'>;
  readonly #table: string;

  constructor(stage: Pick<Stage, 'dynamodb'>, table: string) {
    this.#stage = stage;
    this.#table = table;
  }

  /** The envelope's text, as it was committed. */
  async envelope(id: string): Promise<string> {
    const row = await this.#row<{ envelope: string }>(outboxKey(id));
    if (!row) throw new Error(`No message ${id} was committed`);
    return row.envelope;
  }

  inbox(subscriber: string, id: string): Promise<InboxRow | undefined> {
    return this.#row(inboxKey(subscriber, id));
  }

  /** How messages ended at a subscriber, by their ids; those that have not are left out. */
  async endings(subscriber: string, ids: readonly string[]): Promise<Map<string, InboxRow>> {
    const rows: InboxRow[] = [];
    for (let start = 0; start < ids.length; start += BATCH) {
      const Keys = ids.slice(start, start + BATCH).map((id) => marshall({ ...inboxKey(subscriber, id) }));
      const RequestItems = { [this.#table]: { Keys, ConsistentRead: true } };
      const { Responses } = await this.#stage.dynamodb.send(new BatchGetItemCommand({ RequestItems }));
      for (const item of Responses?.[this.#table] ?? []) rows.push(unmarshall(item) as InboxRow);
    }
    return new Map(rows.map((row) => [row.sk, row]));
  }

  failure(subscriber: string, id: string): Promise<FailureRow | undefined> {
    return this.#row(failureKey(subscriber, id));
  }

  /** The routes of an event type, those that have ended included. */
  async routes(eventType: string): Promise<(Route & LedgerKey)[]> {
    const { dynamodb } = this.#stage;
    const reply = await dynamodb.send(
      new QueryCommand({
        TableName: this.#table,
        ConsistentRead: true,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': { S: routePartition(eventType) } },
      }),
    );
    return (reply.Items ?? []).map((item) => unmarshall(item) as Route & LedgerKey);
  }

  /** Lets a queue's copies go to another URL. */
  async redirect(eventType: string, urlOf: (url: string) => string): Promise<void> {
    for (const route of await this.routes(eventType)) {
      if (route.destination.kind !== 'queue') continue;
      const destination = { ...route.destination, url: urlOf(route.destination.url) };
      const Item = marshall({ ...route, destination }, { removeUndefinedValues: true });
      await this.#stage.dynamodb.send(new PutItemCommand({ TableName: this.#table, Item }));
    }
  }

  async #row<Row>(key: LedgerKey): Promise<Row | undefined> {
    const { Item } = await this.#stage.dynamodb.send(
      new GetItemCommand({ TableName: this.#table, ConsistentRead: true, Key: marshall({ ...key }) }),
    );
    return Item && (unmarshall(Item) as Row);
  }
}
