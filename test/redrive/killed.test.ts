import { expect, test } from 'vitest';
import type { StackWire } from '../../lib/testing/stack/options.ts';
import { redriveWorld } from './redrive-world.ts';

const DEAD = 12;
/** So long after it was killed, nothing of the worker is heard. */
const SILENT_MS = 60_000;

/**
 * A redrive whose worker is cut off at its n-th request for a while, as if its function had been killed there.
 *
 * @param applied whether the request is carried out all the same
 * @returns whether it came so far
 */
async function cutOffAt(nth: number, applied: boolean): Promise<boolean> {
  let requests = -1;
  let silentUntil = 0;
  const wire: StackWire = async ({ from, ...request }, apply) => {
    const now = world.stack.now;
    if (from !== 'forwarder' || !world.redriving) return apply();
    requests += 1;
    if (requests === nth) {
      silentUntil = now + SILENT_MS;
      if (applied) apply();
    }
    if (now < silentUntil) throw new Error(`socket hang up: ${request.operation}`);
    return apply();
  };
  const world = Object.assign(redriveWorld({ wire, shards: 2 }), { redriving: false });
  world.broken.add('card');
  await world.pay('card', DEAD);
  world.broken.clear();
  world.redriving = true;
  const { operation } = await world.redrive();
  const ended = await world.finish(operation);
  expect(ended, `cut off at request ${nth}`).toMatchObject({ state: 'done', relapsed: 0 });
  expect(ended.handled, `cut off at request ${nth}`).toBe(ended.sent);
  const booked = world.booked();
  expect(booked).toHaveLength(DEAD);
  expect(booked.every(({ times }) => times === 1)).toBe(true);
  expect(world.rows('dead')).toEqual([]);
  expect(world.letters()).toBe(0);
  return silentUntil > 0;
}

test.each([
  ['and is carried out', true],
  ['and is not carried out', false],
])(
  'a worker that is killed at any of its requests, which is sent %s, loses nothing and doubles nothing, and its redrive goes on by itself',
  async (_, applied) => {
    let nth = 0;
    while (await cutOffAt(nth, applied)) nth += 1;
    expect(nth).toBeGreaterThan(20);
  },
);
