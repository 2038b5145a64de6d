import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { afterAll, expect, test } from 'vitest';
import { sagaBugs } from '../planted-bugs/saga-bugs.ts';

const thread = new Worker(new URL('../planted-bugs/drill-thread.ts', import.meta.url), {
  execArgv: ['--conditions=waybill-source'],
});
afterAll(() => thread.terminate());

// A judge that misses a mistake that is there says nothing by its silence about others.
test.each(sagaBugs.map((bug) => [bug.mistake, bug] as const))(
  'a plan finds that %s',
  async (_, { edits, seeds }) => {
    thread.postMessage({ file: 'scripts/saga/trip-plan.ts', edits, told: seeds });
    const [{ astray, found }] = (await once(thread, 'message')) as [{ astray: string[]; found: string[] }];
    expect(astray, 'edits whose place is not in the source any more: plant the bug anew').toEqual([]);
    expect(found).not.toEqual([]);
  },
  60_000,
);
