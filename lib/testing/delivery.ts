import { outboxRowOf } from '../ledger/outbox.ts';
import { FAILURE_PREFIX, OUTBOX_PREFIX } from '../ledger/rows/layout.ts';
import { envelopeOf } from '../ledger/rows/outbox.ts';
import { payloadOf } from '../message/compression.ts';
import { toRow } from './engines/dynamodb/table.ts';
import type { Change } from './engines/index.ts';
import type { LogLine } from './test-environment.ts';

/**
 * The outcome of a delivered message: it ended by this delivery (`handled`, `duplicate`, `deadLettered`) or had ended
 * `already`; its turn has not come (`parked`); the subscriber does not consume it (`skipped`, on streams only); or it must come again (`retried`).
 */
export type DeliveryOutcome = 'handled' | 'duplicate' | 'deadLettered' | 'already' | 'parked' | 'skipped' | 'retried';

/** The effects of a delivery. */
export interface Delivery {
  readonly outcome: DeliveryOutcome;
  /** The message id. */
  readonly id: string;
  /** Messages that were committed by it, in the order in which the handler published them. */
  readonly published: readonly PublishedMessage[];
  /** Rows of business tables that it changed, in the order in which they were written. */
  readonly writes: readonly RowWrite[];
  /** Why it was dead-lettered or must come again: the error's code, or the name of the error that the handler threw. */
  readonly reason?: string;
  /** The error's message. */
  readonly detail?: string;
}

/** A message that a handler or a producer has committed. */
export interface PublishedMessage {
  readonly id: string;
  readonly type: string;
  readonly version: number;
  /** The business key. */
  readonly key: string;
  /** As the wire carries it. */
  readonly payload: unknown;
  /** Before this moment nobody handles it; absent when it is due at once. */
  readonly deliverAt?: Date;
}

/** A change of a row of a business table. */
export interface RowWrite {
  /** The table's name, as in `defineTable`. */
  readonly table: string;
  readonly key: Readonly<Record<string, unknown>>;
  /** `undefined` where the row was not there. */
  readonly before: Readonly<Record<string, unknown>> | undefined;
  /** `undefined` where the row was deleted. */
  readonly after: Readonly<Record<string, unknown>> | undefined;
}

/** A message that a subscriber has given up. */
export interface DeadLetter {
  readonly subscriber: string;
  /** The message id; absent where the bytes were no envelope. */
  readonly id?: string;
  /** The error's code. */
  readonly reason: string;
  /** The error's message. */
  readonly detail: string;
  /** The record's bytes, unchanged. */
  readonly bytes: Uint8Array;
}

const OUTCOMES: Readonly<Record<string, DeliveryOutcome>> = {
  handled: 'handled',
  duplicate: 'duplicate',
  dead: 'deadLettered',
  already: 'already',
  parked: 'parked',
  skipped: 'skipped',
  again: 'retried',
  unfinished: 'retried',
  early: 'retried',
};

/** The outcome that the summary line of an invocation with one record gives; `undefined` where there is no such line. */
export function summaryOf(
  lines: readonly LogLine[],
): { readonly outcome: DeliveryOutcome; readonly subscriber: string } | undefined {
  const fields = lines.findLast(({ message }) => message === 'batch')?.fields;
  const count = Object.keys(OUTCOMES).find((name) => fields?.[name] !== undefined);
  const outcome = count === undefined ? undefined : OUTCOMES[count];
  return outcome && { outcome, subscriber: String(fields?.subscriber) };
}

/** Why a message must come again: what its failure row says, else what was logged of a failure that is not counted. */
export function retryReason(
  changes: readonly Change[],
  lines: readonly LogLine[],
): Pick<Delivery, 'reason' | 'detail'> {
  const failure = changes.findLast(({ key }) => key.pk?.S?.startsWith(FAILURE_PREFIX))?.after;
  const logged = lines.findLast(({ message }) => message === 'retrying')?.fields.error;
  const reason = failure?.reason?.S ?? (typeof logged === 'string' ? logged : 'unfinished');
  return { reason, ...(failure?.detail?.S && { detail: failure.detail.S }) };
}

/** The message that a change of the ledger has committed, if it has. */
export function publishedIn(ledger: string, { table, key, before, after }: Change): PublishedMessage[] {
  if (table !== ledger || before || !after || !key.pk?.S?.startsWith(OUTBOX_PREFIX)) return [];
  const envelope = envelopeOf(outboxRowOf(after), table);
  const { id, type, version, partitionkey, deliverat } = envelope;
  const delay = deliverat !== undefined && { deliverAt: new Date(deliverat) };
  return [{ id, type, version, key: partitionkey, payload: payloadOf(envelope), ...delay }];
}

/** The change, if it is one of a business table. */
export function writeIn(ledger: string, { table, key, before, after }: Change): RowWrite[] {
  if (table === ledger) return [];
  return [{ table, key: toRow(key), before: before && toRow(before), after: after && toRow(after) }];
}
