import { expect, test } from 'vitest';
import { Book, redriveWorld } from './redrive-world.ts';

test('a redrive at the subscriber of a stream sends to its retry queue, and ends', async () => {
  const world = redriveWorld({ streams: { payments: [Book] } });
  world.broken.add('card');
  await world.pay('card', 12);
  expect(world.letters()).toBe(12);
  world.broken.clear();
  const { operation } = await world.redrive();
  expect(await world.finish(operation)).toMatchObject({ state: 'done', sent: 12, handled: 12 });
  expect(world.booked()).toHaveLength(12);
  expect(world.letters()).toBe(0);
});
