import { unmarshall } from '@aws-sdk/util-dynamodb';
import { DAY_MS } from '../contract/time.ts';
import { type Hop, momentOf } from '../inspect/inspection.ts';
import { deleteRow, type Ledger, putRow, updateRow } from '../ledger/ledger.ts';
import { partition } from '../ledger/partition.ts';
import type { Expiring, LedgerKey } from '../ledger/rows/layout.ts';
import { openKey, openPartition } from '../ledger/rows/open-case.ts';

/** A message that had not ended at a subscriber when reconciliation came past, followed up until it has. */
export interface Case {
  readonly id: string;
  readonly subscriber: string;
  readonly type: string;
  readonly businessLine: string;
  /** Of a delayed message: when it is to be delivered, in milliseconds since the epoch. */
  readonly deliverAt?: number;
  /** When nothing handles the message any more, in milliseconds since the epoch. Absent on cases of version 0.1. */
  readonly expires?: number;
  /**
   * `closed`: an operator wants to hear no more of it. `unjudged`: it could not be told where the message is. `quarantined`: given up, since it was sent again as often as healing tries, in vain; somebody has to look. */
  readonly state: 'waiting' | 'unjudged' | 'missing' | 'quarantined' | 'closed';
  /** Of a message that is `missing` or given up. */
  readonly hop?: Hop;
  /** Also of one that is `unjudged`: what could not be read. */
  readonly evidence?: string;
  /** Of a message that waits in the order of its key: the dead one before it, and when that expires, in milliseconds since the epoch. */
  readonly behind?: { readonly id: string; readonly expires: number };
  /** Of a message that is `waiting`: whether it waits for its subscriber, whose circuit was not closed when it was looked at. */
  readonly paused?: true;
  /** How often it was sent again. */
  readonly tries: number;
  /** When it is looked at next, in milliseconds since the epoch. */
  readonly next: number;
}

/** The state of a case that was given up, as its row and its metric call it. */
export const GIVEN_UP = 'quarantined' satisfies Case['state'];

/** A case outlives every message, so that none is forgotten unfinished. */
const LIFETIME_MS = 400 * DAY_MS;

/** Opens a case, unless there is one. */
export async function openCase(ledger: Ledger, opened: Case): Promise<void> {
  await putRow(ledger, rowOf(opened), { ConditionExpression: 'attribute_not_exists(pk)' });
}

/**
 * Writes a case down as it stands now, over the one that was read.
 *
 * @returns false where another run has changed it meanwhile: then that one's word counts
 */
export async function rewriteCase(ledger: Ledger, read: Case, now: Case): Promise<boolean> {
  const { kind } = await putRow(ledger, rowOf(now), {
    ConditionExpression: '#tries = :tries AND #next = :next AND #state <> :closed',
    ExpressionAttributeNames: { '#tries': 'tries', '#next': 'next', '#state': 'state' },
    ExpressionAttributeValues: {
      ':tries': { N: String(read.tries) },
      ':next': { N: String(read.next) },
      ':closed': { S: 'closed' satisfies Case['state'] },
    },
  });
  return kind === 'written';
}

/** A case that was closed by hand stays for so long, so that no pass that is still to come opens it anew. */
const CLOSED_LIFETIME_MS = 3 * DAY_MS;

/**
 * Closes a case by hand: the message is not looked at any more, and counts nowhere. It may end all the same.
 *
 * @returns the case as it was; undefined where none is open
 */
export async function giveUpCase(ledger: Ledger, id: string, subscriber: string): Promise<Case | undefined> {
  const key = openKey(id, subscriber);
  const ttl = Math.ceil((ledger.environment.now() + CLOSED_LIFETIME_MS) / 1000);
  const { kind, row } = await updateRow<Case>(ledger, key, {
    UpdateExpression: 'SET #state = :closed, #ttl = :ttl',
    ConditionExpression: 'attribute_exists(pk) AND #state <> :closed',
    ExpressionAttributeNames: { '#state': 'state', '#ttl': 'ttl' },
    ExpressionAttributeValues: { ':closed': { S: 'closed' satisfies Case['state'] }, ':ttl': { N: String(ttl) } },
    ReturnValues: 'ALL_OLD',
  });
  return kind === 'written' ? row : undefined;
}

/** Closes the case of a message that has ended. */
export function closeCase(ledger: Ledger, { id, subscriber }: Case): Promise<void> {
  return deleteRow(ledger, openKey(id, subscriber));
}

/** The cases of a shard, the oldest message's first. */
export async function* casesOf(ledger: Ledger, shard: number): AsyncGenerator<Case> {
  for await (const page of partition(ledger, openPartition(shard), { consistent: true })) {
    for (const row of page) {
      const { pk: _pk, sk: _sk, ttl: _ttl, ...read } = unmarshall({ ...row });
      yield read as Case;
    }
  }
}

function rowOf(opened: Case): Case & LedgerKey & Expiring {
  const ttl = Math.ceil((momentOf(opened) + LIFETIME_MS) / 1000);
  return { ...openKey(opened.id, opened.subscriber), ...opened, ttl };
}
