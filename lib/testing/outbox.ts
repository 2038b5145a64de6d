import { toItem } from '../aws/expression.ts';
import type { EventDefinition } from '../contract/event.ts';
import { INBOX_AFTERLIFE } from '../ledger/rows/layout.ts';
import { type OutboxRow, outboxKey } from '../ledger/rows/outbox.ts';
import {
  createEnvelope,
  decodeEnvelope,
  type Envelope,
  type EnvelopeContext,
  encodeEnvelope,
} from '../message/envelope.ts';
import { isMessageId } from '../message/message-id.ts';
import type { Table } from './engines/index.ts';
import { TestMisused } from './errors.ts';

/** The messages that lie in a ledger: those that a test commits, and those that handlers have published. */
export class Outbox {
  readonly #ledger: Table;
  readonly #context: Pick<EnvelopeContext, 'random' | 'shards'> & { readonly now: () => number };

  constructor(ledger: Table, context: Pick<EnvelopeContext, 'random' | 'shards'> & { readonly now: () => number }) {
    this.#ledger = ledger;
    this.#context = context;
  }

  /** @throws InvalidPayload, LimitExceeded when the message could not be published */
  commit(event: EventDefinition, payload: unknown): Envelope {
    const { now, random, shards } = this.#context;
    const ledger = this.#ledger.name;
    const envelope = createEnvelope(event, payload, { now: now(), random, shards, ledger, publisher: 'test' });
    const ttl = Math.ceil((Date.parse(envelope.expires) + INBOX_AFTERLIFE) / 1000);
    const row: OutboxRow = { ...outboxKey(envelope.id), envelope: encodeEnvelope(envelope), ttl };
    this.#ledger.write(toItem(outboxKey(envelope.id)), toItem(row));
    return envelope;
  }

  /** @throws TestMisused when there is no such message */
  read(id: string): Envelope {
    const row = isMessageId(id) ? this.#ledger.get(toItem(outboxKey(id))) : undefined;
    if (!row?.envelope?.S) throw new TestMisused(`'${id}' is not the id of a message that was committed here`);
    return decodeEnvelope(row.envelope.S);
  }
}
