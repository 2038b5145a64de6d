import { describe, expect, test } from 'vitest';
import { toItem } from '../../lib/aws/attribute.ts';
import { cancel } from '../../lib/cancel/cancel.ts';
import { readGraph } from '../../lib/ledger/graph.ts';
import { outboxKey } from '../../lib/ledger/rows/outbox.ts';
import { openCase } from '../../lib/reconcile/cases.ts';
import { heal } from '../../lib/reconcile/heal.ts';
import { delaying, MINUTE } from './delaying-world.ts';
import { DEADLINE } from './reconcile-world.ts';

describe('a handshake that stays pending', () => {
  const pending = () => {
    const world = delaying({ subscribers: ['payment', 'sales'] });
    const id = world.commit(world.mint(DEADLINE + 2 * MINUTE), 'order.placed', {}, { sending: 'pending' });
    const followUp = async (budget: number) => heal(world.ledger, { graph: await readGraph(world.ledger), budget });
    return { ...world, id, followUp, sending: () => world.table.get(toItem(outboxKey(id)))?.sending?.S };
  };

  test('is told by its hop', async () => {
    const { reconcile, id } = pending();
    const { missing } = await reconcile();
    expect(missing.map(({ id: missed, hop, subscriber }) => [missed, hop, subscriber])).toEqual([
      [id, 'producer', 'payment'],
      [id, 'producer', 'sales'],
    ]);
    expect(missing[0]?.evidence).toContain('pending');
  });

  test('is put into the forward queue once, outside of the budget, and marked as sent', async () => {
    const { run, followUp, forward, clock, queue, sending, cases, id } = pending();
    await run();
    const before = await cases();
    expect(before).toMatchObject([
      { hop: 'producer', tries: 0 },
      { hop: 'producer', tries: 0 },
    ]);
    expect(sending()).toBe('sent');
    expect(await forward()).toEqual([id]);
    expect([queue('payment').receive(10).length, queue('sales').receive(10).length]).toEqual([1, 1]);
    clock.pass(30_000);
    expect(await followUp(0)).toMatchObject({ forwarded: [], resent: [], deferred: 0 });
    expect(await forward()).toEqual([]);
  });

  test('needs no budget', async () => {
    const { followUp, forward, ledger, id } = pending();
    const opened = { id, type: 'order.placed', businessLine: 'orders', state: 'waiting', tries: 0, next: 0 } as const;
    await openCase(ledger, { ...opened, subscriber: 'payment' });
    expect(await followUp(0)).toMatchObject({ forwarded: [{ id }], deferred: 0 });
    expect(await forward()).toEqual([id]);
  });

  test('and was forwarded in vain, is sent to who lacks it as anything else is', async () => {
    const { run, clock, forwardQueue, queue, cases, summary } = pending();
    await run();
    for (const { receiptHandle = '' } of forwardQueue.receive(10)) forwardQueue.delete(receiptHandle);
    clock.pass(MINUTE);
    await run();
    expect(summary()).toMatchObject({ resent: 2 });
    expect(await cases()).toMatchObject([
      { hop: 'relay', tries: 1 },
      { hop: 'relay', tries: 1 },
    ]);
    expect([queue('payment').receive(10).length, queue('sales').receive(10).length]).toEqual([1, 1]);
    expect(forwardQueue.messages()).toEqual([]);
  });

  test('is not forwarded when it was cancelled', async () => {
    const { run, environment, id, forwardQueue, cases } = pending();
    await cancel(id, { environment });
    await run();
    expect([forwardQueue.messages(), await cases()]).toEqual([[], []]);
  });
});
