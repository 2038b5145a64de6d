import { describe, expect, test } from 'vitest';
import { trace, traceKey } from '../../lib/trace/trace.ts';
import { DEADLINE, NOW, reconcileWorld } from '../reconcile/reconcile-world.ts';

const AGE = DEADLINE + 120_000;

/** An order whose payment published another message, which has not ended anywhere. */
function chain() {
  const world = reconcileWorld();
  const order = world.commit(world.mint(AGE, 'order-7'), 'order.placed', { partitionkey: 'order-7' });
  const paid = world.mint(AGE - 1_000, 'order-7');
  world.commit(paid, 'order.placed', { partitionkey: 'order-7', correlationid: order, causationid: order });
  world.end(order, 'payment', 'handled', NOW - AGE + 40, [paid]);
  return { world, order, paid };
}

describe('a trace', () => {
  test.each(['order', 'paid'] as const)(
    'shows the whole tree from the root, whichever message is asked for: %s',
    async (asked) => {
      const { world, order, paid } = chain();
      await world.relay(paid, 'payment');
      const root = await trace(world.environment, world.inspection, { order, paid }[asked]);
      expect(root).toMatchObject({ id: order, key: 'order-7', committed: NOW - AGE, businessLine: 'orders' });
      const [payment, sales] = root.subscribers;
      expect(payment).toMatchObject({
        subscriber: 'payment',
        state: 'handled',
        relayed: NOW - AGE + 40,
        received: NOW,
        ended: NOW,
        attempts: 1,
        function: 'f',
        request: 'r',
      });
      expect(sales).toMatchObject({ subscriber: 'sales', state: 'missing', hop: 'relay', overdueMs: 120_000 });
      const [child] = payment?.published ?? [];
      expect(child).toMatchObject({ id: paid, committed: NOW - AGE + 1_000 });
      expect(child?.subscribers).toMatchObject([
        { subscriber: 'payment', state: 'missing', hop: 'broker', relayed: NOW },
        { subscriber: 'sales', state: 'missing', hop: 'relay' },
      ]);
    },
  );

  test('works for a message that is half-way', async () => {
    const world = reconcileWorld();
    const id = world.commit(world.mint(1_000));
    await world.relay(id, 'sales');
    const { subscribers } = await trace(world.environment, world.inspection, id);
    expect(subscribers).toEqual([
      { subscriber: 'payment', state: 'inFlight', published: [] },
      { subscriber: 'sales', state: 'inFlight', relayed: NOW, published: [] },
    ]);
  });

  test('says why a message was dead-lettered', async () => {
    const world = reconcileWorld({ subscribers: ['payment'] });
    const id = world.commit(world.mint(AGE));
    world.end(id, 'payment', 'dead');
    const { subscribers } = await trace(world.environment, world.inspection, id);
    expect(subscribers).toMatchObject([{ state: 'dead', reason: 'rejected' }]);
  });

  test('by key finds each chain of the key once, and no other key', async () => {
    const { world, order } = chain();
    const again = world.commit(world.mint(30_000, 'order-7'), 'order.placed', { partitionkey: 'order-7' });
    world.commit(world.mint(30_000, 'order-8'), 'order.placed', { partitionkey: 'order-8' });
    const found = await traceKey(world.environment, world.inspection, 'order-7', NOW - 600_000);
    expect(found.map(({ id }) => id)).toEqual([order, again]);
    expect(await traceKey(world.environment, world.inspection, 'order-9', NOW - 600_000)).toEqual([]);
    expect(await traceKey(world.environment, world.inspection, 'order-7', NOW - 60_000)).toHaveLength(1);
  });

  test('reads one partition a minute for a key', async () => {
    const { world } = chain();
    const before = world.environment.usage.calls.Query ?? 0;
    await traceKey(world.environment, world.inspection, 'order-9', NOW - 10 * 60_000);
    const routes = 2;
    const minutes = 12;
    // A ledger of 4 shards may have had 1 or 2 before: at most one shard for each of those counts.
    expect((world.environment.usage.calls.Query ?? 0) - before).toBeLessThanOrEqual(routes + minutes * 3);
  });

  test('refuses what is no message id, and says so of an id that was never committed', async () => {
    const world = reconcileWorld();
    await expect(trace(world.environment, world.inspection, 'order-7')).rejects.toMatchObject({
      code: 'malformed-message',
    });
    const unknown = world.mint(1_000);
    await expect(trace(world.environment, world.inspection, unknown)).rejects.toMatchObject({
      code: 'unknown-message',
      message: expect.stringContaining(unknown),
    });
  });
});
