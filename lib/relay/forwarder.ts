import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { bindingsOf } from '../aws/bindings.ts';
import { concurrently } from '../aws/concurrently.ts';
import { environmentOf, type GivenContext, quietly } from '../aws/environment.ts';
import { errorCode } from '../aws/errors.ts';
import { type Counts, summarize } from '../aws/invocation.ts';
import { fromQueue, textOf } from '../aws/record.ts';
import { backOff, givenBack, type Postponed, postponed, type QueueRecord } from '../aws/visibility.ts';
import { MalformedMessage, SendFailed, safely, UnknownMessage, UnknownRowFormat } from '../contract/errors.ts';
import { getRows } from '../ledger/batch-get.ts';
import { type Ledger, ledgerOf } from '../ledger/ledger.ts';
import { outboxRowOf, readOutboxRow } from '../ledger/outbox.ts';
import { type RouteBook, RouteBooks } from '../ledger/route-book.ts';
import { outboxKey } from '../ledger/rows/outbox.ts';
import type { RedriveNotice } from '../ledger/rows/redrive.ts';
import { holdUntil, momentOf, secondsUntil } from '../message/delivery-time.ts';
import { decodeEnvelope, type Envelope, foreignTo } from '../message/envelope.ts';
import { isMessageId } from '../message/message-id.ts';
import { dispatch } from './dispatch.ts';
import { type Label, labelIn } from './hand-over.ts';
import type { DueNotice } from './schedule.ts';

/** The Lambda handler of the forward queue. */
export type Forwarder = (event: SQSEvent, context?: GivenContext) => Promise<SQSBatchResponse>;

/** What the forwarder does beside forwarding. */
export interface ForwarderOptions {
  /** Works on what an operator sends again. @default such a notice goes to the dead-letter queue */
  readonly redrive?: Redriver;
}

/**
 * Works on an operation for a while.
 *
 * @returns after how many seconds its notice is to come again; `undefined` when it is not
 */
export type Redriver = (ledger: Ledger, notice: RedriveNotice, shift: Shift) => Promise<number | undefined>;

/** When to begin nothing more, in milliseconds since the epoch, and how often the notice was received. */
interface Shift {
  readonly until: number;
  readonly receives: number;
}

const DISPATCHES_AT_ONCE = 4;

/** Where the context does not say how long the invocation may take. */
const INVOCATION_MS = 30_000;

/** Copies for streams whose moments are so near to each other go together. Their consumers hold the rest. */
const TOGETHER_MS = 100;

/**
 * The forwarder: sends on what comes to the forward queue. That is a message that its producer sends itself; a copy that
 * waits for its moment outside a stream, or that its destination has refused (its label names the one destination); or
 * the notice of a schedule that a message is due, which then is read from its outbox row.
 *
 * A record is acknowledged once its message was dispatched. What fails, or is refused again, comes again in Fibonacci seconds by its receive
 * count, by visibility, so that no chain of sends grows. What cannot be read is logged, and left to the dead-letter queue.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
export function createForwarder(options: ForwarderOptions = {}): Forwarder {
  const books = new RouteBooks();
  return async (event, context = {}) => {
    const environment = environmentOf(context);
    const records: unknown = event?.Records;
    if (!Array.isArray(records)) {
      throw new MalformedMessage('The event is no batch of SQS records: check the event source of this function');
    }
    const ledger = ledgerOf(environment);
    const book = books.of(ledger);
    // What failed is begun again in the first half of the invocation: a request may take as long as the other.
    const remaining = context.getRemainingTimeInMillis?.() ?? INVOCATION_MS;
    const until = environment.now() + remaining / 2;
    return summarize(environment, 'forward', { records: records.length }, async (counts) => {
      const forwarding = new Forwarding({ ...options, ledger, book, until, counts });
      const again = await forwarding.forward(event.Records);
      await backOff(environment, bindingsOf(environment).get('forwardQueueUrl'), again);
      return { batchItemFailures: again.map(({ record }) => ({ itemIdentifier: record.eventId })) };
    });
  };
}

/** A message on its way through the forward queue. */
interface QueuedMessage {
  readonly record: QueueRecord;
  readonly envelope: Envelope;
  /** The only destination to which it goes. */
  readonly label: Label | undefined;
}

interface ForwardingOptions extends ForwarderOptions {
  readonly ledger: Ledger;
  readonly book: RouteBook;
  /** When to try nothing a second time, in milliseconds since the epoch. */
  readonly until: number;
  readonly counts: Counts;
}

/** The forwarding of one batch. */
class Forwarding {
  readonly #ledger: Ledger;
  readonly #book: RouteBook;
  readonly #until: number;
  readonly #counts: Counts;
  readonly #redrive: Redriver | undefined;
  readonly #redrives = new Map<QueueRecord, RedriveNotice>();
  readonly #again: Postponed<QueueRecord>[] = [];

  constructor({ ledger, book, until, counts, redrive }: ForwardingOptions) {
    this.#redrive = redrive;
    this.#ledger = ledger;
    this.#book = book;
    this.#until = until;
    this.#counts = counts;
  }

  /** The records that must come again. */
  async forward(records: readonly SQSRecord[]): Promise<readonly Postponed<QueueRecord>[]> {
    const messages = await this.#read(records);
    const { stream = [], others = [] } = Object.groupBy(messages, ({ label }) =>
      label?.kind === 'stream' ? 'stream' : 'others',
    );
    const redrives = [...this.#redrives].map(([record, notice]) => this.#workOn(record, notice));
    await Promise.all([this.#dispatchByLabel(others), this.#toStreams(stream), ...redrives]);
    return this.#again;
  }

  async #read(records: readonly SQSRecord[]): Promise<QueuedMessage[]> {
    const messages: QueuedMessage[] = [];
    const notices = new Map<QueueRecord, string>();
    for (const sqsRecord of records) {
      const record = fromQueue(sqsRecord);
      try {
        const text = textOf(record);
        const redrive = redriveIn(text);
        if (redrive) {
          this.#redrives.set(record, redrive);
          continue;
        }
        const id = dueIn(text);
        const label = labelIn(sqsRecord.messageAttributes);
        if (id === undefined) messages.push({ record, envelope: this.#own(decodeEnvelope(text)), label });
        else notices.set(record, id);
      } catch (error) {
        this.#fail(record, error);
      }
    }
    return notices.size === 0 ? messages : [...messages, ...(await this.#readDue(notices))];
  }

  /** @throws ForeignLedger where the message is of another ledger: subscribers of this one are not to get it */
  #own(envelope: Envelope): Envelope {
    const foreign = foreignTo(this.#ledger.table, envelope);
    if (foreign) throw foreign;
    return envelope;
  }

  /** Its record comes again for as long as the operation runs. */
  async #workOn(record: QueueRecord, notice: RedriveNotice): Promise<void> {
    try {
      if (!this.#redrive) throw new MalformedMessage('Nothing redrives here');
      const shift = { until: this.#until, receives: record.deliveries };
      const seconds = await this.#redrive(this.#ledger, notice, shift);
      if (seconds !== undefined) this.#again.push(givenBack(record, seconds));
    } catch (error) {
      this.#fail(record, error);
    }
  }

  /** The messages that are due: those that their producers cancelled are done. */
  async #readDue(notices: ReadonlyMap<QueueRecord, string>): Promise<QueuedMessage[]> {
    try {
      const keys = [...new Set(notices.values())].map(outboxKey);
      const rows = await getRows(this.#ledger, keys);
      const byId = new Map(rows.map((row) => [row.sk?.S, row]));
      return [...notices].flatMap(([record, id]) => {
        const row = byId.get(id);
        if (row?.cancelled) {
          this.#counts.add('cancelled');
          return [];
        }
        const content = row && readOutboxRow(this.#ledger, outboxRowOf(row), this.#counts);
        if (content?.kind === 'message') return [{ record, envelope: content.envelope, label: undefined }];
        const error =
          content?.kind === 'later'
            ? new UnknownRowFormat(`The row of '${id}' is of a newer format: a deployment that knows it reads it`)
            : new UnknownMessage(`No message '${id}' can be read in the ledger`);
        this.#fail(record, error);
        return [];
      });
    } catch (error) {
      for (const record of notices.keys()) this.#fail(record, error);
      return [];
    }
  }

  /** Puts copies into their streams, each in its moment; those that are here too early go back to wait. */
  async #toStreams(messages: readonly QueuedMessage[]): Promise<void> {
    const now = this.#ledger.environment.now();
    const near: QueuedMessage[] = [];
    for (const message of messages) {
      const seconds = secondsUntil(momentOf(message.envelope), now);
      if (seconds === 0) near.push(message);
      else this.#again.push(givenBack(message.record, seconds));
    }
    this.#counts.add('early', messages.length - near.length);
    near.sort((one, other) => momentOf(one.envelope) - momentOf(other.envelope));
    for (let next = near[0]; next; next = near[0]) {
      await holdUntil(this.#ledger.environment, momentOf(next.envelope));
      const until = this.#ledger.environment.now() + TOGETHER_MS;
      const later = near.findIndex(({ envelope }) => momentOf(envelope) > until);
      const due = near.splice(0, later === -1 ? near.length : later);
      await this.#dispatchByLabel(due);
    }
  }

  async #dispatchByLabel(messages: readonly QueuedMessage[]): Promise<void> {
    const groups = Map.groupBy(messages, ({ label }) => label && `${label.kind}#${label.to}`);
    await Promise.all([...groups.values()].map((group) => this.#dispatch(group, group[0]?.label)));
  }

  /** Dispatches messages together; where that fails and there is time, one by one, so that each answers for itself. */
  async #dispatch(messages: readonly QueuedMessage[], only: Label | undefined): Promise<void> {
    const envelopes = messages.map(({ envelope }) => envelope);
    try {
      const refused = await dispatch(this.#ledger, this.#book, envelopes, this.#counts, { only });
      const ids = new Set(refused.map(({ id }) => id));
      const again = messages.filter(({ envelope }) => ids.has(envelope.id));
      for (const { record } of again) this.#fail(record, new SendFailed(`'${only?.to}' does not take it`));
      this.#counts.add('forwarded', messages.length - again.length);
    } catch (error) {
      if (messages.length === 1 || this.#ledger.environment.now() >= this.#until) {
        for (const { record } of messages) this.#fail(record, error);
      } else {
        await concurrently(DISPATCHES_AT_ONCE, messages, (message) => this.#dispatch([message], only));
      }
    }
  }

  #fail(record: QueueRecord, error: unknown): void {
    this.#counts.add('again');
    this.#again.push(postponed(record, true));
    const fields = { record: record.eventId, delivery: record.deliveries, error: errorCode(error) };
    quietly(() => this.#ledger.environment.log.error('not forwarded', fields));
  }
}

/** The operation that a text names, if it is a notice of one. */
function redriveIn(text: string): RedriveNotice | undefined {
  if (!text.startsWith('{"redrive":')) return undefined;
  const { redrive } = (safely(() => JSON.parse(text)) ?? {}) as Partial<RedriveNotice>;
  if (typeof redrive?.subscriber === 'string' && typeof redrive.operation === 'string') return { redrive };
  throw new MalformedMessage('The notice of a redrive names no operation');
}

/** The message of which a schedule says that it is due; `undefined` where the text is no schedule's. */
function dueIn(text: string): string | undefined {
  if (!text.startsWith('{"due":')) return undefined;
  try {
    const { due } = JSON.parse(text) as Partial<DueNotice>;
    if (isMessageId(due)) return due;
  } catch {
    // As what is no envelope, see below.
  }
  throw new MalformedMessage('The notice of a schedule names no message');
}
