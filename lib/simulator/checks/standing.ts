import type { RunRecord } from '../run/run-record.ts';
import type { System } from '../system.ts';
import { decoded } from './evidence.ts';

/** A message at a subscriber. */
export interface Copy {
  readonly id: string;
  readonly subscriber: string;
}

/** What the ledger holds of each message, by the record of its rows alone. */
export interface Standing {
  /** Committed, and not ended at a subscriber that consumes it. */
  readonly missing: readonly Copy[];
  /** Ended at a subscriber, and not committed. */
  readonly uncaused: readonly Copy[];
  /** Of which reconciliation has an open case. */
  readonly open: readonly Copy[];
}

/** Says what is missing and what is uncaused once the record's last entry is written: rows that were deleted count as not there. */
export function standingOf({ subscribers }: System, { entries }: RunRecord, ledger: string): Standing {
  const committed = new Map<string, string>();
  const ended = new Map<string, Copy>();
  const open = new Map<string, Copy>();
  const withdrawn = new Set<string>();
  for (const entry of entries) {
    if (entry.kind !== 'row' || entry.change.table !== ledger) continue;
    const { key, after } = entry.change;
    const sk = key.sk?.S ?? '';
    const [kind, subscriber = ''] = (key.pk?.S ?? '').split('#');
    if (kind === 'out') {
      if (after) committed.set(sk, decoded(after.envelope?.S ?? '')?.type ?? '');
      else committed.delete(sk);
      if (after?.cancelled) withdrawn.add(sk);
    } else if (kind === 'in') {
      if (after) ended.set(`${subscriber} ${sk}`, { id: sk, subscriber });
      else ended.delete(`${subscriber} ${sk}`);
    } else if (kind === 'open') {
      const [id = '', of = ''] = sk.split('#');
      if (after) open.set(sk, { id, subscriber: of });
      else open.delete(sk);
    }
  }
  // What was taken back lacks nothing, and has had no effect that wants a cause.
  const standing = [...committed].filter(([id]) => !withdrawn.has(id));
  const missing = standing.flatMap(([id, type]) =>
    subscribers
      .filter(({ name, consumes }) => consumes.some((event) => event.type === type) && !ended.has(`${name} ${id}`))
      .map(({ name }) => ({ id, subscriber: name })),
  );
  const uncaused = [...ended.values()].filter(({ id }) => !committed.has(id) && !withdrawn.has(id));
  return { missing, uncaused, open: [...open.values()] };
}
