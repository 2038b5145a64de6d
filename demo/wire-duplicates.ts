import type { Environment } from 'waybill/runtime';
import { outboxKey } from '../lib/ledger/rows/outbox.ts';
import { decodeEnvelope, encodeEnvelope } from '../lib/message/envelope.ts';
import { type EndedMessage, type MessageTracker, readRows, type TrackedMessage } from './message-tracker.ts';
import type { Wire } from './wire.ts';

/** Rows read at once. */
const BATCH = 100;

/**
 * Sends a share of the run's messages again, with the same id, to every subscriber of theirs: half of them at once, so
 * that they race the original, half when the original has ended.
 */
export class WireDuplicates {
  /** How many were sent to each subscriber. */
  readonly sent: Record<string, number> = {};
  readonly #share: number;
  readonly #tracker: MessageTracker;
  readonly #wire: Wire;
  readonly #read: (ids: readonly string[]) => Promise<ReadonlyMap<string, string>>;
  readonly #late = new Set<string>();
  #seen = 0;
  #chosen = 0;
  #copies: { readonly id: string; readonly subscriber: string }[] = [];

  constructor(share: number, tracker: MessageTracker, wire: Wire, environment: Environment, ledger: string) {
    this.#share = share;
    this.#tracker = tracker;
    this.#wire = wire;
    this.#read = (ids) => readEnvelopes(environment, ledger, ids);
  }

  /** A message is committed: it may be chosen. */
  committed({ id, type }: TrackedMessage): void {
    this.#seen += 1;
    if (this.#chosen >= Math.round(this.#seen * this.#share)) return;
    this.#chosen += 1;
    if (this.#chosen % 2 === 0) this.#late.add(id);
    else for (const { name } of this.#tracker.subscribersOf(type)) this.#copies.push({ id, subscriber: name });
  }

  /** A message has ended at a subscriber. */
  ended({ message, subscriber }: EndedMessage): void {
    if (this.#late.has(message.id)) this.#copies.push({ id: message.id, subscriber });
  }

  /** Sends what was chosen since the last time. */
  async send(): Promise<void> {
    const copies = this.#copies;
    this.#copies = [];
    for (let start = 0; start < copies.length; start += BATCH) {
      const batch = copies.slice(start, start + BATCH);
      const envelopes = await this.#read([...new Set(batch.map(({ id }) => id))]);
      for (const { id, subscriber } of batch) {
        const text = envelopes.get(id);
        if (!text) continue;
        this.#wire.add(subscriber, Buffer.from(text));
        this.sent[subscriber] = (this.sent[subscriber] ?? 0) + 1;
      }
    }
    await this.#wire.flush();
  }
}

/** The envelopes of committed messages as the relay sends them. */
async function readEnvelopes(
  environment: Environment,
  ledger: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await readRows(environment, ledger, ids.map(outboxKey));
  const relayed = new Date(environment.now()).toISOString();
  return new Map(rows.map((row) => [row.sk, encodeEnvelope({ ...decodeEnvelope(String(row.envelope)), relayed })]));
}
