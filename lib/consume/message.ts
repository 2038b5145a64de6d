import type { Envelope } from '../message/envelope.ts';

/** What a handler sees of the message beyond its payload. */
export interface Message<Type extends string = string> {
  /** The message id, the same at every delivery and redrive. */
  readonly id: string;
  readonly type: Type;
  /** The version that it was published with; the payload is upgraded to the version of the contract. */
  readonly version: number;
  /** The business key. */
  readonly key: string;
  /** When it was published. */
  readonly time: Date;
  /** The id of the first message of the chain. */
  readonly correlationId: string;
  /** The id of the message whose handling published this one; absent on the first. */
  readonly causationId?: string;
  /** W3C trace context. */
  readonly traceparent: string;
  /** Nothing handles it after this moment. */
  readonly expires: Date;
  /** How often the transport has delivered it, this time included, as far as it counts. */
  readonly attempt: number;
}

/** The message in an envelope. */
export function messageOf<Type extends string>(
  envelope: Envelope & { readonly type: Type },
  attempt: number,
): Message<Type> {
  return {
    id: envelope.id,
    type: envelope.type,
    version: envelope.version,
    key: envelope.partitionkey,
    time: new Date(envelope.time),
    correlationId: envelope.correlationid,
    ...(envelope.causationid && { causationId: envelope.causationid }),
    traceparent: envelope.traceparent,
    expires: new Date(envelope.expires),
    attempt,
  };
}
