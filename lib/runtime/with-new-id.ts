import { type Envelope, mintMessageId } from '../contract/index.ts';
import type { Environment } from './environment.ts';

/**
 * The same message as a new one that is committed now: an id says when its message was committed.
 *
 * @param deliverAt in milliseconds since the epoch; `undefined` for at once
 */
export function withNewId(
  environment: Environment,
  shards: number,
  { deliverat, relayed: _, ...same }: Envelope,
  deliverAt: number | undefined,
): Envelope {
  const now = environment.now();
  const lifetime = Date.parse(same.expires) - Date.parse(deliverat ?? same.time);
  return {
    ...same,
    id: mintMessageId({ now, random: environment.random(16), key: same.partitionkey, shards }),
    time: new Date(now).toISOString(),
    expires: new Date((deliverAt ?? now) + lifetime).toISOString(),
    ...(deliverAt !== undefined && { deliverat: new Date(deliverAt).toISOString() }),
  };
}
