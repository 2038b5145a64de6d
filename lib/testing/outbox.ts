import { unmarshall } from '@aws-sdk/util-dynamodb';
import { toItem } from '../aws/attribute.ts';
import type { EventDefinition } from '../contract/event.ts';
import { outboxRowOf } from '../ledger/outbox.ts';
import { type Expiring, OUTBOX_PREFIX } from '../ledger/rows/layout.ts';
import type { TailRow } from '../ledger/rows/order.ts';
import { envelopeOf, type OutboxMarks, type OutboxRow, outboxKey, outboxRow } from '../ledger/rows/outbox.ts';
import { createEnvelope, type Envelope, type EnvelopeContext } from '../message/envelope.ts';
import { isMessageId } from '../message/message-id.ts';
import { tailTtl, take } from '../transaction/number-messages.ts';
import { counterKey, NO_TAIL } from '../transaction/tails.ts';
import type { Table } from './engines/index.ts';
import { TestMisused } from './errors.ts';

interface OutboxContext extends Pick<EnvelopeContext, 'random' | 'shards'> {
  readonly now: () => number;
}

/** The messages that lie in a ledger: those that a test commits, and those that handlers have published. */
export class Outbox {
  readonly #ledger: Table;
  readonly #context: OutboxContext;

  constructor(ledger: Table, context: OutboxContext) {
    this.#ledger = ledger;
    this.#context = context;
  }

  /**
   * A message as a producer would commit it, with nobody to relay it.
   *
   * @param given what differs from a message that is due at once
   * @throws InvalidPayload, LimitExceeded when the message could not be published
   */
  readonly envelope = (event: EventDefinition, payload: unknown, given: Partial<EnvelopeContext> = {}): Envelope => {
    const { now, random, shards } = this.#context;
    const context = { now: now(), random, shards, ledger: this.#ledger.name, publisher: 'test', ...given };
    return createEnvelope(event, payload, context);
  };

  /**
   * Commits a message.
   *
   * @throws InvalidPayload, LimitExceeded when the message could not be published
   */
  commit(event: EventDefinition, payload: unknown, given: Partial<EnvelopeContext> = {}): Envelope {
    const envelope = this.#numbered(this.envelope(event, payload, given));
    this.write(envelope);
    return envelope;
  }

  /** A message of a sequence takes its number, as a producer would give it one. */
  #numbered(unnumbered: Envelope): Envelope {
    if (unnumbered.order === undefined) return unnumbered;
    const key = counterKey(unnumbered);
    const row = this.#ledger.get(toItem(key));
    const { envelope, tail } = take(unnumbered, row ? (unmarshall(row) as TailRow) : NO_TAIL);
    const item = toItem({ ...key, ...tail, ttl: tailTtl(Date.parse(envelope.expires)) });
    this.#ledger.write(this.#ledger.keyOf(item), item);
    return envelope;
  }

  /**
   * Puts a message into the ledger, with other columns than a producer would give its row.
   *
   * @param format of the row, see `docs/row-formats.md`. @default 1
   */
  write(
    envelope: Envelope,
    changes: Partial<OutboxMarks & Expiring & { envelope: string }> = {},
    format?: number,
  ): OutboxRow {
    const row = { ...outboxRow(envelope, format), ...changes } as OutboxRow;
    const item = toItem(row);
    this.#ledger.write(this.#ledger.keyOf(item), item);
    return row;
  }

  /** All rows, in the order of their keys. */
  rows(): readonly OutboxRow[] {
    return this.#ledger.rows().filter(({ pk }) => String(pk).startsWith(OUTBOX_PREFIX)) as unknown as OutboxRow[];
  }

  /** @throws TestMisused when there is no such message */
  read(id: string): Envelope {
    const row = isMessageId(id) ? this.#ledger.get(toItem(outboxKey(id))) : undefined;
    if (!row) throw new TestMisused(`'${id}' is not the id of a message that was committed here`);
    return envelopeOf(outboxRowOf(row), this.#ledger.name);
  }
}
