import { describe, expect, it } from 'vitest';
import type { Envelope } from '../../lib/message/envelope.ts';
import { messageShard } from '../../lib/message/message-id.ts';
import { reconcile } from '../../lib/reconcile/reconcile.ts';
import { resend } from '../../lib/reconcile/resend.ts';
import { traceKey } from '../../lib/trace/trace.ts';
import { MINUTE, type SendingWorld, SHARDS, START, sendingWorld } from './sending-world.ts';

/** Messages of a producer that knows of more shards than anybody else, all in shards that the others do not know of. */
function elsewhere(world: SendingWorld, count: number, deliverAt?: number): Envelope[] {
  const given = { shards: 64, ...(deliverAt !== undefined && { deliverAt }) };
  const envelopes = Array.from({ length: 200 }, (_, index) => world.envelopeOf(String(index), given));
  return envelopes.filter(({ id }) => messageShard(id) >= SHARDS).slice(0, count);
}

const options = { ledger: 'ledger', shards: SHARDS };

describe('where a producer mints ids for more shards than the ledger is configured with', () => {
  it('the sweep sends what waits in them', async () => {
    const world = sendingWorld({ subscribers: ['close-offer'] });
    await world.commit(elsewhere(world, 2, START + 20 * MINUTE));
    expect(world.dueRows()).toHaveLength(2);
    await world.runUntil(START + 30 * MINUTE, [START + 12 * MINUTE]);
    expect(world.effects().map(({ at }) => at)).toEqual([START + 20 * MINUTE, START + 20 * MINUTE]);
  });

  it('reconciliation names what is missing in them, it is sent again, and a key is traced', async () => {
    const world = sendingWorld({ subscribers: ['close-offer'] });
    world.from('SendMessageBatch', (_apply, { input }) => {
      const { Entries = [] } = input as { readonly Entries?: readonly { readonly Id: string }[] };
      return { Successful: Entries.map(({ Id }) => ({ Id, MessageId: 'lost', MD5OfMessageBody: '' })) };
    });
    const lost = elsewhere(world, 2);
    await world.commit(lost);
    world.from('SendMessageBatch', undefined);
    world.clock.pass(10 * MINUTE);
    const range = { ...options, from: START - MINUTE, to: START + MINUTE };
    const { missing } = await reconcile(world.environment, range);
    expect(missing.map(({ id, hop }) => [id, hop]).sort()).toEqual(lost.map(({ id }) => [id, 'broker']).sort());
    const traced = await traceKey(world.environment, options, lost[0]?.partitionkey ?? '', START - MINUTE);
    expect(traced.map(({ id }) => id)).toEqual([lost[0]?.id]);

    for (const { id } of lost) {
      const destination = { kind: 'queue' as const, url: world.queues['close-offer'].url };
      await resend(world.environment, options, id, { subscriber: 'close-offer', destination });
    }
    await world.settle();
    expect(world.effects()).toHaveLength(2);
  });
});
