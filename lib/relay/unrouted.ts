import { concurrently } from '../aws/concurrently.ts';
import type { Environment } from '../aws/environment.ts';
import { type Ledger, putRow } from '../ledger/ledger.ts';
import { bucket, ttlAfter } from '../ledger/rows/layout.ts';
import { type UnroutedRow, unroutedKey, unroutedTypeKey } from '../ledger/rows/unrouted.ts';
import type { Envelope } from '../message/envelope.ts';

const WRITES_AT_ONCE = 8;
/** Rows that a process remembers to have written. */
const REMEMBERED = 10_000;

const written = new WeakMap<Environment, Set<string>>();

/**
 * Writes down in which buckets messages wait whose event types have no route: the backfill finds them there when a first
 * subscriber comes. It is one write for each event type, minute and shard, whatever the number of messages.
 */
export async function noteUnrouted(ledger: Ledger, envelopes: readonly Envelope[]): Promise<void> {
  const { environment } = ledger;
  const known = written.get(environment) ?? new Set();
  written.set(environment, known);
  if (known.size > REMEMBERED) known.clear();
  const notes = new Map<string, UnroutedRow>();
  for (const { id, type, expires } of envelopes) {
    const key = unroutedKey(type, bucket(id));
    const name = `${key.pk} ${key.sk}`;
    const ttl = ttlAfter(expires);
    if (!known.has(name))
      notes.set(name, { ...key, at: environment.now(), ttl: Math.max(ttl, notes.get(name)?.ttl ?? 0) });
  }
  if (notes.size === 0) return;
  await concurrently(WRITES_AT_ONCE, [...notes.values()], (row) => putRow(ledger, row));
  // What the backfill has written into the row of the event type stays there.
  const types = new Set(envelopes.map(({ type }) => type));
  await concurrently(WRITES_AT_ONCE, [...types], (type) =>
    putRow(ledger, unroutedTypeKey(type), { ConditionExpression: 'attribute_not_exists(pk)' }),
  );
  for (const name of notes.keys()) known.add(name);
}
