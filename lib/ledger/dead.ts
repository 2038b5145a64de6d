import { hash } from 'node:crypto';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { DAY_MS } from '../contract/time.ts';
import { noteCause } from './cause.ts';
import type { Ending } from './inbox.ts';
import { type Ledger, putRow } from './ledger.ts';
import { partition, type Row } from './partition.ts';
import { causeOf, type Reason } from './rows/cause.ts';
import { type DeadRow, type Death, deadKey, deadPartition, readDeadKey } from './rows/dead.ts';
import type { InboxRow } from './rows/inbox.ts';
import { ttlAfter } from './rows/layout.ts';

/** The row by which operators find a message that ends as dead now. It commits together with the message's inbox row. */
export function deadRow({ environment, shards }: Ledger, ending: Ending): DeadRow {
  const { subscriber, envelope, reason = 'unknown', detail = '', ended: died = environment.now() } = ending;
  return {
    ...deadKey(subscriber, { id: envelope.id, died }, shards),
    cause: causeOf(ending),
    reason,
    detail: detail.slice(0, MAX_DETAIL),
    key: envelope.partitionkey,
    type: envelope.type,
    ttl: ttlAfter(envelope.expires),
  };
}

/** The row of a message that had died before there were such rows, from its inbox row. */
export function deadRowOf(subscriber: string, inbox: InboxRow, shards: number): DeadRow {
  const { sk: id, type, hops, reason = 'unknown', detail = '', ttl } = inbox;
  return { ...deadKey(subscriber, { id, died: hops.ended }, shards), cause: causeOf(inbox), reason, detail, type, ttl };
}

/** A record that is dead though it is no message: it has no inbox row. */
export interface DeadRecord extends Reason {
  readonly subscriber: string;
  /** The record as it came. A text stands for its UTF-8 bytes. */
  readonly bytes: Uint8Array | string;
  /** When the transport took it, in milliseconds since the epoch. @default now */
  readonly sentAt?: number | undefined;
}

/** Writes the row by which operators find a record that could not be decoded: by the digest of its bytes. */
export async function noteDeadRecord(ledger: Ledger, record: DeadRecord): Promise<void> {
  const { subscriber, bytes, reason = 'unknown', detail = '' } = record;
  const now = ledger.environment.now();
  const id = hash('sha256', bytes);
  // Of a record that comes again, since its letter could not be sent, there is one row.
  const death = { id, died: Math.min(now, record.sentAt ?? now) };
  await putRow<DeadRow>(ledger, {
    ...deadKey(subscriber, death, ledger.shards),
    cause: causeOf(record),
    reason,
    detail: detail.slice(0, MAX_DETAIL),
    ttl: Math.ceil((now + LETTER_RETENTION_MS) / 1000),
  });
  await noteCause(ledger, { ...record, id });
}

const MAX_DETAIL = 1_000;
/** As long as the dead-letter queue keeps its letter. */
const LETTER_RETENTION_MS = 14 * DAY_MS;

/** What an operator sees of something that is dead. */
export interface DeadMessage extends Omit<DeadRow, 'pk' | 'sk' | 'ttl'>, Death {}

/** What is dead at a subscriber: of each shard in the order of the deaths, a page at a time. */
export async function* deadOf(ledger: Ledger, subscriber: string): AsyncGenerator<readonly DeadMessage[]> {
  for (let shard = 0; shard < ledger.shards; shard++) {
    for await (const page of partition(ledger, deadPartition(subscriber, shard))) yield page.map(readDeadRow);
  }
}

/** What a row says that was read from the ledger. */
export function readDeadRow(row: Row): DeadMessage {
  const { pk: _, sk, ttl: __, ...rest } = unmarshall({ ...row }) as DeadRow;
  return { ...rest, ...readDeadKey({ sk }) };
}
