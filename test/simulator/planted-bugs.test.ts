import { describe, expect, test } from 'vitest';
import { describeFailure } from '../../lib/testing/simulator/certificate.ts';
import { lengthOf } from '../../lib/testing/simulator/plan.ts';
import { hunt } from './bugs/hunt.ts';
import { bugs } from './bugs/index.ts';

const PLANS = 400;
const SEED = 1;
const TIMEOUT = 900_000;

const hunted = bugs.filter(({ rare }) => !rare);

test('at least 20 bugs are planted', () => {
  expect(new Set(hunted.map(({ name }) => name)).size).toBeGreaterThanOrEqual(20);
});

// An oracle that misses a bug that is there says nothing by its silence about others.
describe('a certificate is refused, by a plan of at most 10 steps, where', { concurrent: true }, () => {
  test.each(hunted.map(({ name, mistake }) => [mistake, name] as const))('%s', { timeout: TIMEOUT }, async (_, bug) => {
    const { astray, caught, plans } = await inTurn(() => hunt({ bug, seed: SEED, most: PLANS }));

    expect(astray, 'edits whose place is not in the source any more: plant the bug anew').toEqual([]);
    expect(caught, `not found by ${plans} plans`).toBeDefined();
    expect(lengthOf(caught!.plan), describeFailure(caught!)).toBeLessThanOrEqual(10);
  });
});

const THREADS = 2;
const turns: Promise<unknown>[] = Array.from({ length: THREADS }, () => Promise.resolve());
let next = 0;

/** As many at once as there are cores. */
function inTurn<Result>(run: () => Promise<Result>): Promise<Result> {
  const place = next++ % THREADS;
  const result = (turns[place] as Promise<unknown>).then(run);
  turns[place] = result.catch(() => undefined);
  return result;
}
