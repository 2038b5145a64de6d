import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { stringify } from 'uuid';
import type { HalfRow } from '../../ledger/rows/half.ts';
import type { EndState, InboxRow } from '../../ledger/rows/inbox.ts';
import type { OutboxRow } from '../../ledger/rows/outbox.ts';
import type { ReceiptRow } from '../../ledger/rows/receipt.ts';
import type { Envelope } from '../../message/envelope.ts';
import { decoded, decodedRow, textsIn } from '../run/envelopes.ts';
import type { AcknowledgedEntry, Origin, QueueEntry, RecordEntry, RowEntry, RunRecord } from '../run/run-record.ts';
import { ATTRIBUTES } from './attributes.ts';
import { Expectations } from './expectations.ts';

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
}

/** A message that lies in a queue or a stream. */
export interface Carried {
  /** The queue or the stream. */
  readonly to: string;
  readonly text: string;
  /** `undefined` where the bytes are no message. */
  readonly envelope: Envelope | undefined;
  /** Of a dead letter: why it is dead. */
  readonly reason: string | undefined;
  /** Of a dead letter: which message it is of. */
  readonly letterOf: string | undefined;
  /** Of what an operator has redriven: by which operation. */
  readonly redrive: string | undefined;
  readonly place: number;
  /** The function whose request put it there; absent where it was an operator or a fault. */
  readonly by: string | undefined;
  /** Which invocation of it; absent where it was its event source. */
  readonly invocation: number | undefined;
}

/** What one request of a function committed beside Waybill's own rows: business rows and messages. */
export interface Effect {
  readonly origin: Origin;
  readonly commit: number;
  /** How many business rows. */
  readonly rows: number;
  readonly published: readonly Envelope[];
}

/** A message that was cancelled. */
export interface Cancelled {
  readonly id: string;
  /** The message that was committed in its place. */
  readonly replacedBy: string | undefined;
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

/** What a receipt says was sent, and its place in the record. */
export interface Receipt {
  /** When the batch was sent: the batch's id. */
  readonly id: string;
  readonly sent: readonly { readonly to: string; readonly ids: readonly string[] }[];
  readonly place: number;
}

/** A failed attempt, as the row says that counts it. */
export interface Failure {
  readonly subscriber: string;
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly detail: string;
  /** How many of them count. */
  readonly attempts: number;
}

/** A record, sorted by what it is evidence of. */
export class Evidence {
  /** By message id. */
  readonly committed = new Map<string, Committed>();
  /** In the order in which they were written. */
  readonly ends: End[] = [];
  /** Messages whose handlers have used their transactions though they had returned, as their inbox rows say. */
  readonly lateUses: { readonly subscriber: string; readonly id: string }[] = [];
  /** Why attempts at messages have failed, by the rows that count them. */
  readonly failures: Failure[] = [];
  /** `<subscriber> <id>` of those at which one was counted. */
  readonly #failed = new Set<string>();
  /** From where in the record on nothing failed any more, and when that was, in milliseconds since the epoch. */
  healed = { place: Number.POSITIVE_INFINITY, at: Number.POSITIVE_INFINITY };
  readonly carried: Carried[] = [];
  readonly effects: readonly Effect[];
  readonly receipts: Receipt[] = [];
  /** Writes of idempotency keys. */
  readonly once: RowEntry[] = [];
  /** The texts with which each invocation was invoked, by `<function> <invocation>`. */
  readonly given = new Map<string, readonly string[]>();
  /** Where in the record each invocation began, by `<function> <invocation>`. */
  readonly begun = new Map<string, number>();
  readonly acknowledged: AcknowledgedEntry[] = [];
  /** By message id. */
  readonly cancelled = new Map<string, Cancelled>();
  /** When each delayed message was to be delivered, in milliseconds since the epoch, by message id. */
  readonly deliverAt = new Map<string, number>();
  /** Where each message was first put to wait, by message id: its place in the record. */
  readonly waiting = new Map<string, number>();
  /** Messages whose producers sent them themselves: by message id, how far they say that they are. */
  readonly sending = new Map<string, NonNullable<OutboxRow['sending']>>();
  /** Where rows were marked as sent, by message id: the place in the record of the first mark. */
  readonly marked = new Map<string, number>();
  readonly expectations: Expectations;
  readonly #halves = new Map<string, HalfState[]>();
  readonly #effects = new Map<number, { origin: Origin; commit: number; rows: number; published: Envelope[] }>();

  /** Sorts a record. The layout of the ledger's rows is that of the design, read with the contract's own types. */
  constructor({ entries }: RunRecord) {
    this.expectations = new Expectations(entries);
    for (const [place, entry] of entries.entries()) this.#add(entry, place);
    this.effects = [...this.#effects.values()];
  }

  /** Whether an attempt at the message has failed at the subscriber. */
  hasFailed({ subscriber, id }: Pick<End, 'subscriber' | 'id'>): boolean {
    return this.#failed.has(`${subscriber} ${id}`);
  }

  get halves(): Half[] {
    return [...this.#halves].map(([id, states]) => ({ id, states }));
  }

  #add(entry: RecordEntry, place: number): void {
    if (entry.kind === 'row') this.#addRow(entry, place);
    else if (entry.kind === 'healed') this.healed = { place, at: entry.at };
    else if (entry.kind === 'invocation') {
      const key = `${entry.actor} ${entry.invocation}`;
      this.given.set(key, textsIn(entry.event));
      this.begun.set(key, place);
    } else if (entry.kind === 'acknowledged') this.acknowledged.push(entry);
    else if (entry.kind === 'stream') {
      this.#addCarried(entry, place, entry.stream, Buffer.from(entry.record.data).toString(), {});
    } else if (entry.kind === 'queue' && entry.event.kind === 'sent') {
      const { queue, message } = entry.event;
      this.#addCarried(entry, place, queue, message.body, message.attributes);
    }
  }

  #addCarried(
    { origin }: RecordEntry,
    place: number,
    to: string,
    text: string,
    attributes: QueueEntry['event']['message']['attributes'],
  ) {
    const { actor: by, invocation } = origin ?? {};
    const reason = attributes[ATTRIBUTES.reason]?.StringValue;
    const letterOf = attributes[ATTRIBUTES.messageId]?.StringValue;
    const redrive = attributes[ATTRIBUTES.redrive]?.StringValue;
    this.carried.push({ to, text, envelope: decoded(text), reason, letterOf, redrive, place, by, invocation });
  }

  #addRow(entry: RowEntry, place: number): void {
    const { change, row, commit, origin, at } = entry;
    const { after } = change;
    if (!row) {
      const effect = this.#effectOf(entry);
      if (effect) effect.rows += 1;
      return;
    }
    if (!after) return;
    const { kind, of, sk } = row;
    if (kind === 'outbox') this.#addOutboxRow(entry, after, place);
    else if (kind === 'inbox') {
      const inbox = unmarshall(after) as InboxRow;
      // Such a write says more of a message that has ended, and ends none.
      if (inbox.late !== undefined && change.before) this.lateUses.push({ subscriber: of, id: sk });
      else this.ends.push({ subscriber: of, id: sk, state: inbox.state, row: inbox, place, at, commit });
    } else if (kind === 'receipt') {
      const { sent } = unmarshall(after) as ReceiptRow;
      this.receipts.push({ id: sk, sent: sent.map(({ to, ids }) => ({ to, ids: idsIn(ids) })), place });
    } else if (kind === 'failure') {
      const attempts = Number(after.attempts?.N ?? 0);
      this.failures.push({ subscriber: of, id: sk, at, detail: after.detail?.S ?? '', attempts });
      if (attempts > 0) this.#failed.add(`${of} ${sk}`);
    } else if (kind === 'once') this.once.push(entry);
    else if (kind === 'half') {
      const states = this.#halves.get(sk) ?? [];
      states.push({ row: unmarshall(after) as HalfRow, commit, place, origin });
      this.#halves.set(sk, states);
    } else if (kind === 'due') {
      const id = sk.slice(sk.indexOf('#') + 1);
      if (!this.waiting.has(id)) this.waiting.set(id, place);
    }
  }

  #addOutboxRow(entry: RowEntry, after: Record<string, AttributeValue>, place: number): void {
    const { commit } = entry;
    const { cancelled, replacedBy, sending } = unmarshall(after) as OutboxRow;
    const id = entry.row?.sk ?? '';
    const envelope = decodedRow(after);
    if (envelope && !entry.change.before) {
      this.committed.set(id, { envelope, place, commit });
      this.#effectOf(entry)?.published.push(envelope);
    }
    if (envelope?.deliverat !== undefined) this.deliverAt.set(id, Date.parse(envelope.deliverat));
    if (sending) this.sending.set(id, sending);
    if (sending === 'sent' && !this.marked.has(id)) this.marked.set(id, place);
    if (cancelled !== undefined && !this.cancelled.has(id)) this.cancelled.set(id, { id, replacedBy, commit });
  }

  #effectOf({ origin, commit }: RowEntry) {
    if (!origin) return undefined;
    const effect = this.#effects.get(commit) ?? { origin, commit, rows: 0, published: [] };
    this.#effects.set(commit, effect);
    return effect;
  }
}

const ID_BYTES = 16;

/** Receipts hold ids one after the other. */
function idsIn(bytes: Uint8Array): string[] {
  return Array.from({ length: bytes.byteLength / ID_BYTES }, (_, index) =>
    stringify(bytes.subarray(index * ID_BYTES, (index + 1) * ID_BYTES)),
  );
}
