import type { Envelope } from './envelope.ts';
import { mintMessageId } from './message-id.ts';
import { orderText, readOrder } from './order.ts';

/**
 * The same message as a new one that is committed now: an id says when its message was committed.
 *
 * @param deliverAt in milliseconds since the epoch; `undefined` for at once
 */
export function withNewId(
  environment: IdSource,
  shards: number,
  { deliverat, relayed: _, signature: __, ...same }: Envelope,
  deliverAt: number | undefined,
): Envelope {
  const now = environment.now();
  const lifetime = Date.parse(same.expires) - Date.parse(deliverat ?? same.time);
  return {
    ...same,
    id: mintMessageId({ now, random: environment.random(16), key: same.partitionkey, shards }),
    time: new Date(now).toISOString(),
    expires: new Date((deliverAt ?? now) + lifetime).toISOString(),
    // A number is taken at the commit.
    ...(same.order !== undefined && { order: orderText({ ...readOrder(same.order), number: 0, before: [] }) }),
    ...(deliverAt !== undefined && { deliverat: new Date(deliverAt).toISOString() }),
  };
}

/** The part of an environment that a new id needs. */
export interface IdSource {
  /** Milliseconds since the epoch. */
  now(): number;
  random(bytes: number): Uint8Array;
}
