import type { SQSBatchResponse } from 'aws-lambda';
import { concurrently } from '../aws/concurrently.ts';
import { Interruption } from '../aws/interruption.ts';
import type { Counts } from '../aws/invocation.ts';
import type { InboundRecord } from '../aws/record.ts';
import { backOff, givenBack, type Postponed, postponed } from '../aws/visibility.ts';
import { BINDINGS } from '../contract/bindings.ts';
import { learnKeys } from '../ledger/signing.ts';
import { momentOf, secondsUntil } from '../message/delivery-time.ts';
import { deliver } from './deliver.ts';
import { countUnfinished } from './failure.ts';
import type { Invocation, Outcome } from './invocation.ts';
import { tellLateUses } from './late-use.ts';
import { park } from './park.ts';
import { type Received, type RecordContent, readRecord } from './read-record.ts';

/**
 * Delivers the records of one invocation, and reports those of a queue that must come again; those of a stream are parked.
 *
 * @param concurrency records that are handled at once
 * @throws SendFailed when one could not be parked: the whole batch comes again, and what ended stays ended
 */
export async function consumeBatch(
  invocation: Invocation,
  records: readonly InboundRecord[],
  concurrency: number,
  counts: Counts,
): Promise<SQSBatchResponse> {
  const { environment, bindings } = invocation;
  const first = readAll(invocation, records);
  const read = first.some(isOfUnknownKey) ? await readByNewKeys(invocation, records) : first;
  const batch = environment.variables[BINDINGS.streamName] ? await withoutUnexpected(invocation, read) : read;
  const inTime = await deliverUntil(invocation, batch, concurrency);
  const outcomes = inTime.includes(undefined) ? await deliverUnhandled(invocation, batch, inTime) : inTime;
  await tellLateUses(invocation);
  await invocation.circuit?.report();
  for (const outcome of outcomes) counts.add(outcome?.kind ?? 'unfinished');

  const queued: Postponed<Extract<InboundRecord, { transport: 'queue' }>>[] = [];
  const streamed: Postponed<Extract<InboundRecord, { transport: 'stream' }>>[] = [];
  records.forEach((record, index) => {
    const outcome = outcomes[index];
    if (!comesAgain(outcome)) return;
    const wait =
      outcome?.kind === 'early' ? secondsUntil(outcome.deliverAt, environment.now()) : (outcome as Again)?.wait;
    const later = <Inbound extends InboundRecord>(one: Inbound) =>
      wait === undefined ? postponed(one, outcome !== undefined) : givenBack(one, wait);
    if (record.transport === 'queue') queued.push(later(record));
    else streamed.push(later(record));
  });
  if (queued.length > 0) await backOff(environment, bindings.get('queueUrl'), queued);
  if (streamed.length > 0) await park(environment, bindings, streamed);
  // What is frozen with a request under way would have it sent when the next invocation thaws it.
  while (invocation.effectsUnderWay.size > 0) await Promise.allSettled(invocation.effectsUnderWay);
  return { batchItemFailures: queued.map(({ record }) => ({ itemIdentifier: record.eventId })) };
}

function readAll(invocation: Invocation, records: readonly InboundRecord[]): readonly Received[] {
  return records.map((record) => ({ record, content: readRecord(invocation, record) }));
}

function isOfUnknownKey({ content }: Received): boolean {
  return content.kind === 'refused' && content.unknownKey === true;
}

/** Reads the records by keys that are newer than they are: what signs may have a key that was added since. */
async function readByNewKeys(invocation: Invocation, records: readonly InboundRecord[]): Promise<readonly Received[]> {
  await learnKeys(invocation.environment, invocation.received);
  return readAll(invocation, records);
}

/** Only who reads a stream needs it. */
async function withoutUnexpected(invocation: Invocation, batch: readonly Received[]): Promise<readonly Received[]> {
  const { onlyExpected } = await import('./only-expected.ts');
  return onlyExpected(invocation, batch);
}

/**
 * Delivers the records until the invocation's time is up: then nothing new is started, and what has not come to an end is
 * `undefined`. A handler that is still running may commit later; its redelivery then finds the message ended.
 */
async function deliverUntil(
  invocation: Invocation,
  batch: readonly Received[],
  concurrency: number,
): Promise<readonly (Outcome | undefined)[]> {
  const { environment, until } = invocation;
  const outcomes: (Outcome | undefined)[] = batch.map(() => undefined);
  const done = new Interruption();
  const work = concurrently(concurrency, lanesOf(invocation, batch), async (lane) => {
    let isBehind = false;
    let heldBack: string | undefined;
    for (const index of lane) {
      if (environment.now() >= until) return;
      const { record, content } = batch[index] as Received;
      // The queue delivers it again behind the one before it: it need not be parked.
      if (heldBack !== undefined && record.group === heldBack) {
        outcomes[index] = { kind: 'again', wait: 0 };
        continue;
      }
      const delivered = await deliver(invocation, record, content, isBehind);
      const outcome = await leaveGroup(invocation, record, content, delivered);
      outcomes[index] = outcome;
      if (comesAgain(outcome)) heldBack = record.group;
      isBehind ||= comesAgain(outcome) || outcome.kind === 'parked' || outcome.kind === 'regrouped';
    }
  });
  const timeUp = environment.sleep(Math.max(0, until - environment.now()), done);
  await Promise.race([work, timeUp]);
  done.abort();
  const inTime = [...outcomes];
  if (invocation.running.size > 0) await countHanging(invocation, batch, inTime);
  return inTime;
}

/**
 * Counts the attempts of handlers that hang, so that none is run again for ever. One that was started late, and had less
 * than half of the invocation's time, is not known to hang.
 */
async function countHanging(
  invocation: Invocation,
  batch: readonly Received[],
  outcomes: (Outcome | undefined)[],
): Promise<void> {
  const { running, received, until } = invocation;
  const halfTime = received + (until - received) / 2;
  await Promise.all(
    batch.map(async ({ record, content }, index) => {
      const hangs = (running.get(record) ?? until) < halfTime;
      if (outcomes[index] || content.kind !== 'message' || !hangs) return;
      const counted = await countUnfinished(invocation, record, content.envelope);
      outcomes[index] = await leaveGroup(invocation, record, content, counted);
    }),
  );
}

/**
 * What needs no handler is done though time is up: a stream's record that the subscriber does not consume, or that is no
 * envelope, has no place in its retry queue.
 */
function deliverUnhandled(
  invocation: Invocation,
  batch: readonly Received[],
  outcomes: readonly (Outcome | undefined)[],
): Promise<(Outcome | undefined)[]> {
  return concurrently(batch.length, batch, async ({ record, content }, index) => {
    const outcome = outcomes[index];
    if (outcome || record.transport === 'queue') return outcome;
    const isNoEnvelope = content.kind === 'refused' && !content.envelope;
    return content.kind === 'skipped' || isNoEnvelope ? deliver(invocation, record, content) : undefined;
  });
}

/** Has a message that keeps failing leave its group in a FIFO queue; not where the subscriber is paused, as all are then. */
async function leaveGroup(
  { order, circuit }: Invocation,
  record: InboundRecord,
  content: RecordContent,
  outcome: Outcome,
): Promise<Outcome> {
  const hasLeft = outcome.kind === 'again' && !circuit?.isOpen && (await order?.leaveGroup(record, content, outcome));
  return hasLeft ? { kind: 'regrouped' } : outcome;
}

/** The places of the records: those of a lane are delivered one after the other, as those of a key that has an order are. */
function lanesOf({ order }: Invocation, batch: readonly Received[]): (readonly number[])[] {
  const places = inOrderOfMoments(batch);
  if (!order) return places.map((place) => [place]);
  return order.lanesOf(places, (place) => {
    const { content } = batch[place] as Received;
    return content.kind === 'skipped' ? undefined : content.envelope;
  });
}

/**
 * The places of the records, by when they may be handled: one that waits for its moment keeps a place only from those
 * that come later still.
 */
function inOrderOfMoments(batch: readonly Received[]): number[] {
  const moments = batch.map(({ content }) => (content.kind === 'message' ? momentOf(content.envelope) : 0));
  return [...moments.keys()].sort((one, other) => (moments[one] ?? 0) - (moments[other] ?? 0));
}

type Again = Extract<Outcome, { readonly kind: 'again' }> | undefined;

/** A record that must come again, as a failed one or after a wait. */
function comesAgain(outcome: Outcome | undefined): boolean {
  return outcome === undefined || outcome.kind === 'again' || outcome.kind === 'early';
}
