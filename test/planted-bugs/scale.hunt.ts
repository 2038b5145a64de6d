import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test, vi } from 'vitest';
import { scaleBugs } from './scale-bugs.ts';

// Each loads the framework anew, on machines that may be busy.
vi.setConfig({ testTimeout: 120_000 });

interface Found {
  readonly astray: readonly string[];
  readonly found: readonly string[];
}

/** What the drills find, with a bug or without one. */
async function findingsOf(bug?: string): Promise<Found> {
  const thread = new Worker(new URL('./scale-thread.ts', import.meta.url), {
    execArgv: ['--conditions=waybill-source', '--disable-warning=ExperimentalWarning'],
    workerData: { bug },
  });
  const [found] = (await once(thread, 'message')) as [Found];
  await thread.terminate();
  return found;
}

test('the drills find nothing in the scaler as it is written', async () => {
  expect(await findingsOf()).toEqual({ astray: [], found: [] });
});

test.each(scaleBugs.map(({ name, mistake }) => [mistake, name] as const))('a drill finds that %s', async (_, bug) => {
  const { astray, found } = await findingsOf(bug);
  expect(astray, 'edits whose place is not in the source any more: plant the bug anew').toEqual([]);
  expect(found).not.toEqual([]);
});
