import { InvalidPayload, LimitExceeded } from './errors.ts';
import { LIMITS } from './limits.ts';
import { messageShard, messageTime } from './message-id.ts';

/**
 * The ledger's key layout: the one place that spells it. Partition keys are sorted buckets of one minute and one shard,
 * so that a minute is listed by one query per shard, and a message is found by its id alone.
 *
 * ```
 * out#<minute>#<shard>                <message id>   the message as committed with the business change
 * in#<subscriber>#<minute>#<shard>    <message id>   how it ended at a subscriber
 * once#<subscriber>#<idempotency key> once           which message took the key, until when
 * fail#<subscriber>#<minute>#<shard>  <message id>   only for messages that failed: attempts, error, next attempt
 * relay#<minute of sending>#<shard>   <batch id>     one per relayed batch: ids and destinations
 * route#<event type>                  <subscriber>   who expects the event type, from when until when
 * types                               <event type>   every event type that ever had a route
 * open#<shard>                        <message id>#<subscriber>  a message that is overdue at a subscriber: its case
 * radar#<business line>               <minute>       what reconciliation counted of the minute
 * reconcile                           <pass>         the last minute that was reconciled
 * due#<shard>                         <moment>#<message id>  a message that is to be sent when the moment comes near
 * sweep                               <shard>        up to which moment due messages were sent
 * half#<minute>#<shard>               <half id>      a message whose producer has not decided yet; minute and shard of the id
 * ```
 */
export interface LedgerKey {
  readonly pk: string;
  readonly sk: string;
}

/** Where the message itself lies. */
export function outboxKey(id: string): LedgerKey {
  return { pk: `${OUTBOX_PREFIX}${bucket(id)}`, sk: id };
}

/** Where it is written how the message ended at a subscriber. */
export function inboxKey(subscriber: string, id: string): LedgerKey {
  return { pk: `${INBOX_PREFIX}${subscriber}#${bucket(id)}`, sk: id };
}

/** Where a subscriber's failed attempts at the message are counted. */
export function failureKey(subscriber: string, id: string): LedgerKey {
  return { pk: `${FAILURE_PREFIX}${subscriber}#${bucket(id)}`, sk: id };
}

/**
 * Where it is written which message took an idempotency key.
 *
 * @throws LimitExceeded when the key is empty or has more than 1,024 bytes
 * @throws InvalidPayload when it holds half a surrogate pair: UTF-8 has none, so that two such keys could become one
 */
export function onceKey(subscriber: string, idempotencyKey: string): LedgerKey {
  if (!idempotencyKey.isWellFormed()) {
    throw new InvalidPayload(`An idempotency key of '${subscriber}' is not well-formed Unicode`);
  }
  const bytes = Buffer.byteLength(idempotencyKey);
  if (bytes === 0 || bytes > LIMITS.idempotencyKeyBytes) {
    throw new LimitExceeded(
      `An idempotency key of '${subscriber}' has ${bytes} bytes; it takes 1 to ${LIMITS.idempotencyKeyBytes}. A digest of the value is a key too`,
    );
  }
  return { pk: `once#${subscriber}#${idempotencyKey}`, sk: 'once' };
}

/** Where the receipt of a relayed batch lies. The batch id is minted like a message id, at the time of sending. */
export function receiptKey(batchId: string): LedgerKey {
  return { pk: `relay#${bucket(batchId)}`, sk: batchId };
}

/** Where a subscriber's route for an event type lies. */
export function routeKey(eventType: string, subscriber: string): LedgerKey {
  return { pk: routePartition(eventType), sk: subscriber };
}

/** The partition of all routes of an event type. */
export function routePartition(eventType: string): string {
  return `route#${eventType}`;
}

/** Where it is written that an event type has routes. */
export function eventTypeKey(eventType: string): LedgerKey {
  return { pk: EVENT_TYPES, sk: eventType };
}

/** The partition of all event types that ever had a route. */
export const EVENT_TYPES = 'types';

/** Where the case of a message lies that is overdue at a subscriber. */
export function openKey(id: string, subscriber: string): LedgerKey {
  return { pk: openPartition(messageShard(id)), sk: `${id}#${subscriber}` };
}

/** The partition of the open cases of a shard. */
export function openPartition(shard: number): string {
  return `open#${shard}`;
}

/** Where it is written what reconciliation counted of a business line's messages of a minute, all shards together. */
export function radarKey(businessLine: string, minute: string): LedgerKey {
  return { pk: radarPartition(businessLine), sk: minute };
}

/** The partition of a business line's counts, in the order of time. */
export function radarPartition(businessLine: string): string {
  return `radar#${businessLine}`;
}

/** Where it is written up to which minute a pass of reconciliation has come. */
export function reconcileKey(pass: string): LedgerKey {
  return { pk: 'reconcile', sk: pass };
}

/** Where a delayed message waits to be sent, in the order of the moments. */
export function dueKey(id: string, deliverAt: number): LedgerKey {
  return { pk: duePartition(messageShard(id)), sk: `${new Date(deliverAt).toISOString()}#${id}` };
}

/** The partition of a shard's delayed messages. */
export function duePartition(shard: number): string {
  return `${DUE_PREFIX}${shard}`;
}

/** What a `dueKey` says: which message, and when, in milliseconds since the epoch. */
export function readDueKey({ sk }: Pick<LedgerKey, 'sk'>): { readonly id: string; readonly deliverAt: number } {
  const end = sk.indexOf('#');
  return { id: sk.slice(end + 1), deliverAt: Date.parse(sk.slice(0, end)) };
}

/** Where it is written up to which moment a shard's delayed messages were sent. */
export function sweepKey(shard: number): LedgerKey {
  return { pk: 'sweep', sk: String(shard) };
}

/** Where a half message lies: its id is minted like a message id, when it is prepared. */
export function halfKey(halfId: string): LedgerKey {
  return { pk: `${HALF_PREFIX}${bucket(halfId)}`, sk: halfId };
}

/** The partition of the half messages that were prepared in a minute and shard. */
export function halfPartition(minute: string, shard: number): string {
  return `${HALF_PREFIX}${minute}#${shard}`;
}

/** The partition of the receipts that were written in a minute, by the shard of the batch. */
export function receiptPartition(minute: string, shard: number): string {
  return `relay#${minute}#${shard}`;
}

/** The partition of the messages committed in a minute and shard. */
export function outboxPartition(minute: string, shard: number): string {
  return `${OUTBOX_PREFIX}${minute}#${shard}`;
}

/** The partition of the messages of a minute and shard that ended at a subscriber. */
export function inboxPartition(subscriber: string, minute: string, shard: number): string {
  return `${INBOX_PREFIX}${subscriber}#${minute}#${shard}`;
}

/** The prefix of every outbox partition key. The relay's event source wakes on it, on half messages, and on nothing else. */
export const OUTBOX_PREFIX = 'out#';

/** The prefix of every partition key of half messages: the relay asks for their check-back. */
export const HALF_PREFIX = 'half#';

/** The prefix of every inbox partition key. */
export const INBOX_PREFIX = 'in#';

/** The prefix of every partition key of failed attempts. */
export const FAILURE_PREFIX = 'fail#';

/** The prefix of every partition key of delayed messages that wait. */
export const DUE_PREFIX = 'due#';

/** The minute bucket of a moment: `2026-11-23T08:14`, UTC. */
export function minuteOf(milliseconds: number): string {
  const minute = Math.floor(milliseconds / 60_000);
  if (minute !== lastMinute.minute) lastMinute = { minute, text: new Date(milliseconds).toISOString().slice(0, 16) };
  return lastMinute.text;
}

/** A batch's messages lie in a minute or two, so the one that was written out last is nearly always the one asked for. */
let lastMinute = { minute: Number.NaN, text: '' };

function bucket(id: string): string {
  return `${minuteOf(messageTime(id))}#${messageShard(id)}`;
}
