import { expect, it } from 'vitest';
import { MINUTE, SHARDS, sendingWorld } from './sending-world.ts';
import { sentIds, waiting } from './waiting-messages.ts';

const oneQueue = () => sendingWorld({ subscribers: ['close-offer'] });

it('a sweep sends 100,000 messages that are due in one minute, by 0.11 SQS calls and 0.05 reads each at most', async () => {
  const world = oneQueue();
  const envelopes = waiting(world, 100_000, (index) => 5 * MINUTE + ((index * 7) % MINUTE));
  world.leaveWaiting(envelopes);

  await world.sweep();

  const sent = world.queues['close-offer'].messages();
  expect(sent.length).toBe(100_000);
  expect(new Set(sentIds(world)).size).toBe(100_000);
  const dueAt = new Map(envelopes.map(({ id, deliverat = '' }) => [id, Date.parse(deliverat)]));
  const early = sent.map(({ body, visibleAt }) => (dueAt.get(JSON.parse(body).id) ?? 0) - visibleAt);
  expect(early.filter((by) => by < 0 || by >= 1_000)).toEqual([]);
  const reads = ['Query', 'BatchGetItem', 'GetItem'].reduce((sum, name) => sum + world.countOf(name), 0);
  expect(world.countOf('SendMessageBatch')).toBeLessThanOrEqual(0.11 * 100_000);
  expect(reads).toBeLessThanOrEqual(0.05 * 100_000);
  // What it writes is receipts, one for a hundred messages, and a cursor for each page.
  expect(world.countOf('PutItem')).toBeLessThanOrEqual(0.011 * 100_000);
  expect(world.countOf('UpdateItem')).toBeLessThanOrEqual(4 * SHARDS);
  expect(world.countOf('BatchWriteItem')).toBe(0);
}, 180_000);

it('a sweep that is cut off leaves to the next one what it did not come to, and repeats little', async () => {
  const world = oneQueue();
  // All in the same millisecond, of the same shard, and more than a page of a query.
  world.leaveWaiting(waiting(world, 15_000, () => MINUTE, 'a'));
  world.from('BatchGetItem', (apply) => {
    world.clock.pass(1_000);
    return apply();
  });
  let runs = 0;
  for (let sent = 0; sent < 15_000; runs++) {
    await world.sweep();
    expect(new Set(sentIds(world)).size).toBeGreaterThan(sent);
    sent = new Set(sentIds(world)).size;
  }
  expect(runs).toBeGreaterThan(2);
  expect(new Set(sentIds(world)).size).toBe(15_000);
  // Only what was under way when time ran out may be sent again.
  expect(sentIds(world).length).toBeLessThanOrEqual(15_000 + runs * 400);
}, 180_000);
