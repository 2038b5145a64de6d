import type { Bindings } from '../aws/bindings.ts';
import type { Environment } from '../aws/environment.ts';
import { type InboundRecord, textOf } from '../aws/record.ts';
import { durationToMilliseconds } from '../contract/duration.ts';
import {
  hasCode,
  isWaybillError,
  LifetimeExceeded,
  MalformedMessage,
  MessageExpired,
  UnknownEventType,
  type WaybillError,
} from '../contract/errors.ts';
import type { EventDefinition } from '../contract/event.ts';
import { DEFAULT_LIFETIME, LIMITS } from '../contract/limits.ts';
import type { SubscriberDefinition } from '../contract/subscriber.ts';
import { momentOfChecked } from '../contract/timestamp.ts';
import { encodingsOf, newestFormat } from '../ledger/rows/format.ts';
import { momentOf } from '../message/delivery-time.ts';
import { decodeEnvelope, type Envelope, foreignTo, readPayload } from '../message/envelope.ts';
import { messageTime } from '../message/message-id.ts';
import type { WrongSignature } from '../message/signature.ts';

/** A record of the batch, and what it holds. */
export interface Received {
  readonly record: InboundRecord;
  readonly content: RecordContent;
}

/** What a record holds, as far as its subscriber can read it. */
export type RecordContent =
  | {
      readonly kind: 'message';
      readonly envelope: Envelope;
      readonly event: EventDefinition;
      readonly payload: unknown;
    }
  /** An event on a stream that this subscriber does not consume, or one that is not meant for it. */
  | { readonly kind: 'skipped'; readonly envelope?: Envelope }
  /** It can never be handled: bytes that are no envelope, an invalid payload or one that cannot be unpacked, of another ledger, past its expiry. */
  | {
      readonly kind: 'refused';
      readonly error: WaybillError;
      readonly envelope?: Envelope;
      /** Whether its signature names a key that is not known: it may be one that was added since the keys were read. */
      readonly unknownKey?: boolean;
    }
  /** It may be handled later: a newer version, a type or an encoding that is not known yet, or an upgrade or a schema that threw. */
  | { readonly kind: 'failed'; readonly error: unknown; readonly envelope?: Envelope };

/** Who reads a record, and when. */
export interface Reader {
  readonly environment: Pick<Environment, 'variables'>;
  readonly subscriber: SubscriberDefinition;
  readonly bindings: Pick<Bindings, 'ledger'>;
  /** When the batch arrived, in milliseconds since the epoch. */
  readonly received: number;
  /** What is wrong with a message's signature; absent where the subscriber asks for none. */
  readonly wrong?: ((envelope: Envelope) => WrongSignature | undefined) | undefined;
}

/** Decodes and validates a record for a subscriber. Never throws. */
export function readRecord(
  { environment, subscriber, bindings, received, wrong }: Reader,
  record: InboundRecord,
): RecordContent {
  if (record.wrong) return { kind: 'failed', error: new MalformedMessage(record.wrong) };
  let envelope: Envelope;
  try {
    envelope = decodeEnvelope(textOf(record));
  } catch (error) {
    return isWaybillError(error) ? { kind: 'refused', error } : { kind: 'failed', error };
  }
  const event = subscriber.consumes.find(({ type }) => type === envelope.type);
  if (!event && record.transport === 'stream') return { kind: 'skipped', envelope };
  const foreign = foreignTo(bindings.ledger, envelope);
  if (foreign) return { kind: 'refused', error: foreign };
  // Whoever has written it: a row of its id could end a message of this ledger.
  const forged = wrong && signatureRefusal(wrong, envelope);
  if (forged) return forged;
  const latest = latestExpiry(event, envelope);
  const expires = momentOfChecked(envelope.expires);
  const lasting = expires > latest;
  // No row is kept for longer than one of a right message.
  const bounded = lasting ? { ...envelope, expires: new Date(latest).toISOString() } : envelope;
  if (event && lasting && envelope.version <= event.version) {
    const error = new LifetimeExceeded(
      `The message expires at ${envelope.expires}; '${event.type}' lets it live until ${bounded.expires}`,
    );
    return { kind: 'refused', error, envelope: bounded };
  }
  if (expires <= received) {
    return { kind: 'refused', error: new MessageExpired(`The message expired at ${envelope.expires}`), envelope };
  }
  if (!event) {
    return { kind: 'failed', error: unknownType(subscriber.name, envelope), envelope };
  }
  try {
    return {
      kind: 'message',
      envelope,
      event,
      payload: readPayload(event, envelope, encodingsOf(newestFormat(environment))),
    };
  } catch (error) {
    return hasCode(error, 'invalid-payload') || hasCode(error, 'malformed-message')
      ? { kind: 'refused', error, envelope }
      : { kind: 'failed', error, envelope };
  }
}

/** What a message without a signature of the ledger is, if it has none. */
function signatureRefusal(wrong: NonNullable<Reader['wrong']>, envelope: Envelope): RecordContent | undefined {
  try {
    const found = wrong(envelope);
    return found && { kind: 'refused', ...found };
  } catch (error) {
    return hasCode(error, 'malformed-message') ? { kind: 'refused', error } : { kind: 'failed', error };
  }
}

/** A deploy is on its way that brings the code for an event type. */
export function unknownType(subscriber: string, { type }: Envelope): UnknownEventType {
  return new UnknownEventType(`'${subscriber}' does not consume '${type}'`);
}

/** Until when a message may live by the version that it was published with, in milliseconds since the epoch. */
function latestExpiry(event: EventDefinition | undefined, { id, version, deliverat }: Envelope): number {
  let published = event;
  while (published?.upgrade && published.version > version) published = published.upgrade.from;
  const committed = messageTime(id);
  const due = Math.min(momentOf({ deliverat }) || committed, committed + LIMITS.delayMilliseconds);
  return due + (published?.lifetime ?? durationToMilliseconds(DEFAULT_LIFETIME));
}

const AWAITING_DEPLOY = ['newer-event-version', 'unknown-event-type', 'unknown-encoding'] as const;

/** Whether a failure is only a deploy that is still on its way, which is no attempt. */
export function isAwaitingDeploy(error: unknown): boolean {
  return AWAITING_DEPLOY.some((code) => hasCode(error, code));
}
