import { decodedRow } from '../run/envelopes.ts';
import type { RunRecord } from '../run/run-record.ts';
import type { System } from '../system.ts';
import { Expectations } from './expectations.ts';
import { KeyOrder } from './key-order.ts';

/** A message at a subscriber. */
export interface Copy {
  readonly id: string;
  readonly subscriber: string;
}

/** What the ledger holds of each message, by the record of its rows alone. */
export interface LedgerState {
  /** Messages whose outbox row is there, in the order in which they were committed. */
  readonly ids: readonly string[];
  /** Inbox rows that are there, in the order in which they were written. */
  readonly ends: readonly Copy[];
  /** Committed, and not ended at a subscriber that consumes it. */
  readonly missing: readonly Copy[];
  /** Ended at a subscriber, and not committed. */
  readonly uncaused: readonly Copy[];
  /** Overdue, and reconciliation has not closed the case. */
  readonly cases: readonly Copy[];
}

/** The ledger once the record's last entry is written: rows that were deleted count as not there. */
export function ledgerStateOf({ subscribers }: System, { entries }: RunRecord): LedgerState {
  const committed = new Map<string, string>();
  const ended = new Map<string, Copy & { readonly hasEffect: boolean }>();
  const cases = new Map<string, Copy>();
  const cancelled = new Set<string>();
  const expectations = new Expectations(entries);
  for (const entry of entries) {
    if (entry.kind !== 'row' || !entry.row) continue;
    const { kind, of, sk } = entry.row;
    const { after } = entry.change;
    if (kind === 'outbox') {
      put(committed, sk, after && (decodedRow(after)?.type ?? ''));
      if (after?.cancelled) cancelled.add(sk);
    } else if (kind === 'inbox') {
      const hasEffect = after?.state?.S !== 'abandoned';
      put(ended, `${of} ${sk}`, after && { id: sk, subscriber: of, hasEffect });
    } else if (kind === 'case') {
      const [id = '', subscriber = ''] = sk.split('#');
      put(cases, sk, after && { id, subscriber });
    }
  }
  // A cancelled message lacks nothing, and its ends want no cause; nor does one that was abandoned.
  const due = [...committed].filter(([id]) => !cancelled.has(id));
  const order = new KeyOrder({ subscribers }, expectations, entries);
  const missing = due.flatMap(([id, type]) =>
    subscribers
      .filter(({ name }) => expectations.has(name, { id, type }) && !ended.has(`${name} ${id}`))
      // What waits for a dead message of its key lies in the ledger until that is handled or skipped.
      .filter(({ name }) => !order.isBlocked(name, id))
      .map(({ name }) => ({ id, subscriber: name })),
  );
  const open = [...cases.values()].filter(({ id, subscriber }) => !order.isBlocked(subscriber, id));
  const ends = [...ended.values()];
  const uncaused = ends.filter(({ id, hasEffect }) => hasEffect && !committed.has(id) && !cancelled.has(id));
  return { ids: [...committed.keys()], ends, missing, uncaused, cases: open };
}

function put<Value>(map: Map<string, Value>, key: string, value: Value | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}
