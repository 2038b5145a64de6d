import type { Envelope } from '../../lib/message/envelope.ts';
import { mintMessageId } from '../../lib/message/message-id.ts';
import { seededRandom } from '../../lib/testing/seeded-random.ts';
import { MINUTE, type SendingWorld, SHARDS, START } from './sending-world.ts';

/** Messages that were committed an hour ago and are due after so many milliseconds each. */
export function waiting(
  world: SendingWorld,
  count: number,
  dueAfter: (index: number) => number,
  oneKey?: string,
): Envelope[] {
  const model = world.envelopeOf('0', { now: START - 60 * MINUTE });
  const random = seededRandom(3);
  return Array.from({ length: count }, (_, index) => {
    const key = oneKey ?? String(index);
    const id = mintMessageId({ now: START - 60 * MINUTE, random: random(16), key, shards: SHARDS });
    const deliverat = new Date(START + dueAfter(index)).toISOString();
    return { ...model, id, correlationid: id, partitionkey: key, deliverat, data: { offerId: String(index) } };
  });
}

/** The messages in the subscriber's queue. */
export function sentIds({ queues }: SendingWorld): string[] {
  return queues['close-offer'].messages().map(({ body }) => JSON.parse(body).id);
}
