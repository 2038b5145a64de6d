import { type InboundRecord, textOf } from '../aws/record.ts';
import {
  hasCode,
  isWaybillError,
  MalformedMessage,
  MessageExpired,
  UnknownEventType,
  type WaybillError,
} from '../contract/errors.ts';
import type { EventDefinition } from '../contract/event.ts';
import type { SubscriberDefinition } from '../contract/subscriber.ts';
import { decodeEnvelope, type Envelope, readPayload } from '../message/envelope.ts';

/** What a record holds, as far as its subscriber can read it. */
export type RecordContent =
  | {
      readonly kind: 'message';
      readonly envelope: Envelope;
      readonly event: EventDefinition;
      readonly payload: unknown;
    }
  /** An event on a stream that this subscriber does not consume. */
  | { readonly kind: 'skipped' }
  /** It can never be handled: bytes that are no envelope, an invalid payload, past its expiry. */
  | { readonly kind: 'refused'; readonly error: WaybillError; readonly envelope?: Envelope }
  /** It may be handled later: a newer version, a type that is not known yet, or an upgrade or a schema that threw. */
  | { readonly kind: 'failed'; readonly error: unknown; readonly envelope?: Envelope };

/** Decodes and validates a record for a subscriber. Never throws. */
export function readRecord(subscriber: SubscriberDefinition, record: InboundRecord, now: number): RecordContent {
  if (record.wrong) return { kind: 'failed', error: new MalformedMessage(record.wrong) };
  let envelope: Envelope;
  try {
    envelope = decodeEnvelope(textOf(record));
  } catch (error) {
    return isWaybillError(error) ? { kind: 'refused', error } : { kind: 'failed', error };
  }
  const event = subscriber.consumes.find(({ type }) => type === envelope.type);
  if (!event && record.transport === 'stream') return { kind: 'skipped' };
  if (Date.parse(envelope.expires) <= now) {
    return { kind: 'refused', error: new MessageExpired(`The message expired at ${envelope.expires}`), envelope };
  }
  if (!event) {
    const error = new UnknownEventType(`'${subscriber.name}' does not consume '${envelope.type}'`);
    return { kind: 'failed', error, envelope };
  }
  try {
    return { kind: 'message', envelope, event, payload: readPayload(event, envelope) };
  } catch (error) {
    return hasCode(error, 'invalid-payload')
      ? { kind: 'refused', error, envelope }
      : { kind: 'failed', error, envelope };
  }
}

/** Whether a failure is only a deploy that is still on its way, which is no attempt. */
export function isAwaitingDeploy(error: unknown): boolean {
  return hasCode(error, 'newer-event-version') || hasCode(error, 'unknown-event-type');
}
