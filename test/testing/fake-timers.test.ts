import { afterEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { consume } from '../../lib/consume/consume.ts';
import { defineEvent } from '../../lib/contract/event.ts';
import { defineSubscriber } from '../../lib/contract/subscriber.ts';
import { defineTable } from '../../lib/contract/table.ts';
import { testLedger } from '../../lib/testing/test-ledger.ts';

const Placed = defineEvent('order.placed', {
  schema: z.object({ orderId: z.string() }),
  key: ({ orderId }) => orderId,
  businessLine: 'orders',
});
const Parcels = defineTable('parcels', { item: z.object({ id: z.string() }), partitionKey: 'id' });
const Ship = defineSubscriber('ship', { consumes: [Placed], tables: [Parcels] });

afterEach(() => {
  vi.useRealTimers();
});

test('a test whose timers are faked does not hang, before the ledger is made or after', async () => {
  const ship = consume(Ship, () => undefined);
  const early = testLedger();
  vi.useFakeTimers();
  for (const shop of [early, testLedger()]) {
    expect(await shop.deliver(ship, Placed, { orderId: '1' })).toMatchObject({ outcome: 'handled' });
    // Tried again for 2 s of virtual time.
    const failing = consume(Ship, ({ orderId }, { tx }) => tx.check(Parcels, { id: orderId }, { when: 'present' }));
    const { id } = await shop.deliver(failing, Placed, { orderId: '2' });
    expect(await shop.redeliver(ship, id)).toMatchObject({ outcome: 'handled' });
  }
});
