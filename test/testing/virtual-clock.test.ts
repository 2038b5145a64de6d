import { expect, test } from 'vitest';
import { VirtualClock } from '../../lib/testing/virtual-clock.ts';

test('sleepers wake in the order of their moments, with the work that follows from them', async () => {
  const clock = new VirtualClock({ now: 100 });
  const woken: string[] = [];
  const sleeper = async (name: string, ...naps: number[]) => {
    for (const nap of naps) {
      await clock.sleep(nap);
      woken.push(`${name} ${clock.now()}`);
    }
  };
  const all = Promise.all([sleeper('a', 30, 5), sleeper('b', 10, 10), sleeper('c', 20)]);
  await clock.advance(25);
  expect(woken).toEqual(['b 110', 'c 120', 'b 120']);
  expect(clock.now()).toBe(125);
  await clock.advance(10);
  await all;
  expect(woken.slice(3)).toEqual(['a 130', 'a 135']);
});

test('nothing wakes before its time', async () => {
  const clock = new VirtualClock({ now: 0 });
  let woken = false;
  const sleep = clock.sleep(10).then(() => {
    woken = true;
  });
  await clock.advance(9);
  expect(woken).toBe(false);
  await clock.advance(1);
  await sleep;
});

test('a sleep that is aborted ends at once', async () => {
  const clock = new VirtualClock({ now: 0 });
  const abort = new AbortController();
  const sleep = clock.sleep(10, abort.signal);
  abort.abort();
  await sleep;
  await clock.sleep(10, abort.signal);
  expect(clock.now()).toBe(0);
});

test('a clock that jumps waits for nobody but those who drive it', async () => {
  const clock = new VirtualClock({ now: 0, jumps: true });
  const watchdog = new AbortController();
  let barked = 0;
  const watched = clock.sleep(50, watchdog.signal).then(() => {
    barked = clock.now();
  });
  await clock.sleep(20);
  await clock.sleep(20);
  expect([clock.now(), barked]).toEqual([40, 0]);
  await clock.sleep(20);
  expect([clock.now(), barked]).toEqual([60, 50]);
  await watched;
});

test('a watchdog alone lets no time pass, however long real work takes', async () => {
  const clock = new VirtualClock({ now: 0, jumps: true });
  const watchdog = new AbortController();
  let barked = false;
  const watched = clock.sleep(1, watchdog.signal).then(() => {
    barked = !watchdog.signal.aborted;
  });
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  watchdog.abort();
  await watched;
  expect([barked, clock.now()]).toEqual([false, 0]);
});
