import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { decodeEnvelope, type EndState, type Envelope, type InboxRow } from '../../contract/index.ts';
import { toRow } from '../../testing/engines/dynamodb/table.ts';
import type { Change } from '../../testing/engines/index.ts';
import type { Origin, RecordEntry, RunRecord } from '../run/run-record.ts';

/** A message that was committed: its outbox row was there. */
export interface Committed {
  readonly envelope: Envelope;
  /** Its place in the record. */
  readonly place: number;
  readonly commit: number;
}

/** A write of an inbox row. */
export interface End {
  readonly subscriber: string;
  readonly id: string;
  readonly state: EndState;
  readonly row: InboxRow;
  readonly place: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly commit: number;
  readonly origin: Origin | undefined;
}

/** A message that lies in a queue or a stream. */
export interface Carried {
  /** The queue or the stream. */
  readonly to: string;
  readonly text: string;
  /** `undefined` where the bytes are no message. */
  readonly envelope: Envelope | undefined;
  /** String attributes by name. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly place: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The function whose request put it there; absent where it was an operator or a fault. */
  readonly by?: string;
  /** Which invocation of it; absent where it was its event source. */
  readonly invocation?: number | undefined;
}

/** What one request of a function committed beside Waybill's own rows: business rows and messages. */
export interface Effect {
  readonly origin: Origin;
  readonly commit: number;
  /** The business rows. */
  readonly rows: readonly Change[];
  readonly published: readonly Envelope[];
}

/** A record, sorted by what it is evidence of. */
export interface Evidence {
  readonly committed: ReadonlyMap<string, Committed>;
  /** In the order in which they were written. */
  readonly ends: readonly End[];
  readonly carried: readonly Carried[];
  readonly effects: readonly Effect[];
  /** Receipts, with their places in the record. */
  readonly receipts: readonly { readonly row: Record<string, unknown>; readonly place: number }[];
  /** Writes of idempotency keys. */
  readonly once: readonly { readonly change: Change; readonly at: number }[];
  /** The texts with which each invocation was invoked, by `<function> <invocation>`. */
  readonly given: ReadonlyMap<string, readonly string[]>;
  /** Where in the record each invocation began, by `<function> <invocation>`. */
  readonly begun: ReadonlyMap<string, number>;
  readonly acknowledged: readonly string[];
}

/** Sorts a record. The layout of the ledger's rows is that of the design, read with the contract's own types. */
export function evidenceOf({ entries }: RunRecord, ledger: string): Evidence {
  const committed = new Map<string, Committed>();
  const ends: End[] = [];
  const receipts: { row: Record<string, unknown>; place: number }[] = [];
  const once: { change: Change; at: number }[] = [];
  const effects = new Map<number, { origin: Origin; commit: number; rows: Change[]; published: Envelope[] }>();
  const effectOf = ({ origin, commit }: RecordEntry) => {
    if (!origin) return undefined;
    const effect = effects.get(commit) ?? { origin, commit, rows: [], published: [] };
    effects.set(commit, effect);
    return effect;
  };
  for (const [place, entry] of entries.entries()) {
    if (entry.kind !== 'row') continue;
    const { change, commit, origin } = entry;
    if (change.table !== ledger) {
      effectOf(entry)?.rows.push(change);
      continue;
    }
    const [kind = '', subscriber = ''] = (change.key.pk?.S ?? '').split('#');
    const id = change.key.sk?.S ?? '';
    if (!change.after) continue;
    if (kind === 'out' && !change.before) {
      const envelope = decoded(change.after.envelope?.S ?? '');
      if (!envelope) continue;
      committed.set(id, { envelope, place, commit });
      effectOf(entry)?.published.push(envelope);
    } else if (kind === 'in') {
      const row = toRow(change.after) as unknown as InboxRow;
      ends.push({ subscriber, id, state: row.state, row, place, at: entry.at, commit, origin });
    } else if (kind === 'relay') {
      receipts.push({ row: toRow(change.after), place });
    } else if (kind === 'once') {
      once.push({ change, at: entry.at });
    }
  }
  return {
    committed,
    ends,
    receipts,
    once,
    effects: [...effects.values()].filter(({ rows, published }) => rows.length + published.length > 0),
    carried: entries.flatMap(carriedIn),
    given: new Map(entries.flatMap(givenIn)),
    begun: new Map(entries.flatMap(begunIn)),
    acknowledged: entries.flatMap((entry) => (entry.kind === 'acknowledged' ? entry.ids : [])),
  };
}

/** Each check of a run reads the same texts: those of the last runs are kept. */
const KEPT = 1_000;
const kept = new Map<string, Envelope | undefined>();

/** The envelope in a text, if it is one. It is not to be changed. */
export function decoded(text: string): Envelope | undefined {
  if (kept.has(text)) return kept.get(text);
  if (kept.size >= KEPT) kept.clear();
  const envelope = decode(text);
  kept.set(text, envelope);
  return envelope;
}

function decode(text: string): Envelope | undefined {
  try {
    return decodeEnvelope(text);
  } catch {
    return undefined;
  }
}

function carriedIn(entry: RecordEntry, place: number): Carried[] {
  const by = entry.origin && { by: entry.origin.actor, invocation: entry.origin.invocation };
  if (entry.kind === 'stream') {
    const text = Buffer.from(entry.record.data).toString();
    return [{ to: entry.stream, text, envelope: decoded(text), attributes: {}, place, at: entry.at, ...by }];
  }
  if (entry.kind !== 'queue' || entry.event.kind !== 'sent') return [];
  const { queue, message } = entry.event;
  const attributes = Object.entries(message.attributes).map(([name, { StringValue }]) => [name, StringValue ?? '']);
  return [
    {
      to: queue,
      text: message.body,
      envelope: decoded(message.body),
      attributes: Object.fromEntries(attributes) as Record<string, string>,
      place,
      at: entry.at,
      ...by,
    },
  ];
}

/** The texts of a batch's records. */
export function textsIn(event: object): string[] {
  const { Records = [] } = event as { readonly Records?: readonly GivenRecord[] };
  return Records.map(({ body, kinesis, dynamodb }) =>
    kinesis
      ? Buffer.from(kinesis.data, 'base64').toString()
      : (body ?? (dynamodb?.NewImage as Record<string, AttributeValue> | undefined)?.envelope?.S ?? ''),
  );
}

function givenIn(entry: RecordEntry): [string, string[]][] {
  return entry.kind === 'invocation' ? [[`${entry.actor} ${entry.invocation}`, textsIn(entry.event)]] : [];
}

function begunIn(entry: RecordEntry, place: number): [string, number][] {
  return entry.kind === 'invocation' ? [[`${entry.actor} ${entry.invocation}`, place]] : [];
}

interface GivenRecord {
  readonly body?: string;
  readonly kinesis?: { readonly data: string };
  readonly dynamodb?: { readonly NewImage?: unknown };
}
