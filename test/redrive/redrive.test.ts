import { expect, test } from 'vitest';
import { deadGroups } from '../../lib/redrive/causes.ts';
import { redriveWorld } from './redrive-world.ts';

test('of 5,000 that are dead of three causes, one leaves while the fault is not mended, and all are handled once it is', async () => {
  const world = redriveWorld();
  const methods = ['card', 'cheque', 'coupon'];
  for (const method of methods) world.broken.add(method);
  await world.pay('card', 2_500);
  await world.pay('cheque', 1_500);
  await world.pay('coupon', 1_000);
  const groups = await deadGroups(world.ledger());
  expect(groups.map(({ count, reason }) => [reason, count])).toEqual([
    ['rejected', 2_500],
    ['rejected', 1_500],
    ['rejected', 1_000],
  ]);
  expect(world.letters()).toBe(5_000);

  const before = sum(world.runs);
  const first = await world.redrive({ maxRate: 500 });
  expect(await world.finish(first.operation)).toMatchObject({
    state: 'stopped',
    reason: 'relapse',
    sent: 1,
    handled: 0,
    relapsed: 1,
    waves: 1,
  });
  expect(sum(world.runs) - before).toBe(1);

  // Of one cause alone.
  world.broken.delete('cheque');
  const cause = groups[1]?.cause ?? '';
  const second = await world.redrive({ cause, maxRate: 500 });
  expect(await world.finish(second.operation)).toMatchObject({ state: 'done', sent: 1_500, handled: 1_500 });
  expect(world.booked()).toHaveLength(1_500);

  world.broken.clear();
  const { operation } = await world.redrive({ maxRate: 500 });
  expect(await world.finish(operation)).toMatchObject({ state: 'done', sent: 3_500, handled: 3_500, relapsed: 0 });
  expect(world.booked()).toHaveLength(5_000);
  expect(world.booked().every(({ times }) => times === 1)).toBe(true);
  expect(world.rows('dead')).toEqual([]);
  expect(await deadGroups(world.ledger())).toEqual([]);
  expect(world.letters()).toBe(0);
  expect(world.rows('redrive').filter(({ pk }) => pk === 'redrive')).toEqual([]);
});

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((all, one) => all + one, 0);
}
