import type { HalfRow, OutboxRow } from '../../contract/index.ts';
import { toRow } from '../../testing/engines/dynamodb/table.ts';
import type { Origin, RunRecord } from '../run/run-record.ts';
import { decoded } from './evidence.ts';
import type { Told } from './told.ts';

/** A message that was taken back. */
export interface Withdrawn {
  readonly id: string;
  /** The message that was committed in its place. */
  readonly replacedBy?: string;
  readonly commit: number;
}

/** A half message, as its row was written again and again. */
export interface Half {
  readonly id: string;
  readonly states: readonly HalfState[];
}

export interface HalfState {
  readonly row: HalfRow;
  readonly commit: number;
  readonly place: number;
  readonly origin: Origin | undefined;
}

/** A record, as far as it speaks of what was sent outside a transaction, and of what waited for its moment. */
export interface SendingEvidence {
  /** By message id. */
  readonly withdrawn: ReadonlyMap<string, Withdrawn>;
  /** When each delayed message was to be delivered, in milliseconds since the epoch, by message id. */
  readonly moments: ReadonlyMap<string, number>;
  readonly halves: readonly Half[];
  /** Where each message was first put to wait, by message id: its place in the record. */
  readonly waiting: ReadonlyMap<string, number>;
  /** Messages whose producers sent them themselves: by message id, how far they say that they are. */
  readonly sending: ReadonlyMap<string, NonNullable<OutboxRow['sending']>>;
  /** Where rows were marked as sent, by message id: the place in the record of the first mark. */
  readonly marked: ReadonlyMap<string, number>;
  readonly told: readonly (Told & { readonly invocation: number })[];
}

/** Sorts a record. */
export function sendingEvidenceOf({ entries }: RunRecord, ledger: string): SendingEvidence {
  const withdrawn = new Map<string, Withdrawn>();
  const moments = new Map<string, number>();
  const halves = new Map<string, HalfState[]>();
  const waiting = new Map<string, number>();
  const sending = new Map<string, NonNullable<OutboxRow['sending']>>();
  const marked = new Map<string, number>();
  const told: (Told & { invocation: number })[] = [];
  for (const [place, entry] of entries.entries()) {
    if (entry.kind === 'acknowledged') told.push(entry);
    if (entry.kind !== 'row' || entry.change.table !== ledger || !entry.change.after) continue;
    const { change, commit, origin } = entry;
    const [kind = ''] = (change.key.pk?.S ?? '').split('#');
    const sk = change.key.sk?.S ?? '';
    if (kind === 'out') {
      const { cancelled, replacedBy, sending: state, envelope } = toRow(change.after ?? {}) as unknown as OutboxRow;
      const { deliverat } = decoded(envelope) ?? {};
      if (deliverat !== undefined) moments.set(sk, Date.parse(deliverat));
      if (state) sending.set(sk, state);
      if (state === 'sent' && !marked.has(sk)) marked.set(sk, place);
      if (cancelled !== undefined && !withdrawn.has(sk))
        withdrawn.set(sk, { id: sk, commit, ...(replacedBy !== undefined && { replacedBy }) });
    } else if (kind === 'half') {
      const row = toRow(change.after ?? {}) as unknown as HalfRow;
      halves.set(sk, [...(halves.get(sk) ?? []), { row, commit, place, origin }]);
    } else if (kind === 'due') {
      const id = sk.slice(sk.indexOf('#') + 1);
      if (!waiting.has(id)) waiting.set(id, place);
    }
  }
  return {
    withdrawn,
    moments,
    waiting,
    sending,
    marked,
    told,
    halves: [...halves].map(([id, states]) => ({ id, states })),
  };
}
