import { expect, test } from 'vitest';
import { testLedger } from 'waybill/testing';
import { Members, PointsEarned } from './contract.ts';
import { handler } from './functions/credit-points.ts';

const earned = { customerId: 'ada', orderId: 'order-1', points: 30 };
const shop = () => testLedger().row(Members, { customerId: 'ada', balance: 80, version: 1 });

test('points are credited, and a reward that they reach is announced', async () => {
  const ledger = shop();
  const { outcome, published } = await ledger.deliver(handler, PointsEarned, earned);
  expect(outcome).toBe('handled');
  expect(ledger.read(Members, { customerId: 'ada' })?.balance).toBe(110);
  expect(published).toMatchObject([{ type: 'reward.reached', payload: { customerId: 'ada', balance: 110 } }]);
});

test('the same message delivered again changes nothing', async () => {
  const ledger = shop();
  const { id } = await ledger.deliver(handler, PointsEarned, earned);
  expect(await ledger.redeliver(handler, id)).toMatchObject({ outcome: 'already', writes: [], published: [] });
});

test('another message for the same order is a duplicate', async () => {
  const ledger = shop();
  await ledger.deliver(handler, PointsEarned, earned);
  expect(await ledger.deliver(handler, PointsEarned, earned)).toMatchObject({ outcome: 'duplicate', writes: [] });
  expect(ledger.read(Members, { customerId: 'ada' })?.balance).toBe(110);
});

test('points of somebody who is no member are rejected, and lie in the dead-letter queue with the reason', async () => {
  const ledger = shop();
  const delivery = await ledger.deliver(handler, PointsEarned, { ...earned, customerId: 'bob' });
  expect(delivery).toMatchObject({ outcome: 'deadLettered', reason: 'rejected', detail: "'bob' is not a member" });
  expect(ledger.deadLetters).toMatchObject([{ subscriber: 'credit-points', id: delivery.id }]);
  expect(ledger.rows(Members)).toHaveLength(1);
});
