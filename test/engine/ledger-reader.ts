import { unmarshall } from '@aws-sdk/util-dynamodb';
import { createEnvironment } from '../../lib/aws/environment.ts';
import { getRows } from '../../lib/ledger/batch-get.ts';
import { readInbox } from '../../lib/ledger/inbox.ts';
import { getRow, type Ledger, putRow } from '../../lib/ledger/ledger.ts';
import { envelopeIn, readOutbox } from '../../lib/ledger/outbox.ts';
import { readRoutes } from '../../lib/ledger/route-book.ts';
import { type FailureRow, failureKey } from '../../lib/ledger/rows/failure.ts';
import { type InboxRow, inboxKey } from '../../lib/ledger/rows/inbox.ts';
import type { LedgerKey } from '../../lib/ledger/rows/layout.ts';
import type { RouteRow } from '../../lib/ledger/rows/route.ts';
import { encodeEnvelope } from '../../lib/message/envelope.ts';
import type { Stage } from './stage.ts';

/** Reads what the ledger says, row by row and consistently. */
export class LedgerReader {
  readonly #ledger: Ledger;

  constructor({ dynamodb }: Pick<Stage, 'dynamodb'>, table: string) {
    this.#ledger = { environment: { ...createEnvironment({}), dynamodb }, table, shards: 1 };
  }

  /** The envelope's text, as the relay sends it. */
  async envelope(id: string): Promise<string> {
    const row = await readOutbox(this.#ledger, id);
    if (!row) throw new Error(`No message ${id} was committed`);
    return encodeEnvelope(envelopeIn(this.#ledger, row));
  }

  inbox(subscriber: string, id: string): Promise<InboxRow | undefined> {
    return readInbox(this.#ledger, subscriber, id);
  }

  /** How messages ended at a subscriber, by their ids; those that have not are left out. */
  async endings(subscriber: string, ids: readonly string[]): Promise<Map<string, InboxRow>> {
    const keys = ids.map((id) => inboxKey(subscriber, id));
    const rows = await getRows(this.#ledger, keys);
    return new Map(rows.map((row) => unmarshall(row) as InboxRow).map((row) => [row.sk, row]));
  }

  failure(subscriber: string, id: string): Promise<FailureRow | undefined> {
    return getRow(this.#ledger, failureKey(subscriber, id));
  }

  /** The routes of an event type, those that have ended included. */
  routes(eventType: string) {
    return readRoutes(this.#ledger, eventType);
  }

  /** Lets a queue's copies go to another URL. */
  async redirect(eventType: string, urlOf: (url: string) => string): Promise<void> {
    for (const route of await this.routes(eventType)) {
      if (route.destination.kind !== 'queue') continue;
      const destination = { ...route.destination, url: urlOf(route.destination.url) };
      await putRow(this.#ledger, { ...(route as RouteRow & LedgerKey), destination });
    }
  }
}
