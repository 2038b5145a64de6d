import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What a benchmark prints with `--json`. Times are left alone: they are the machine's affair. */
async function bench(name: string, ...options: string[]) {
  const parameters = ['--conditions=waybill-source', 'bench/run.ts', name, '--json', ...options];
  const { stdout } = await promisify(execFile)(process.execPath, parameters, { cwd: root });
  return JSON.parse(stdout);
}

test('the benchmark of handlers still runs, and Waybill makes one call a record', async () => {
  const { rounds, results } = await bench('handler', '--rounds', '1', '--warm-up', '1');

  expect(rounds).toBe(1);
  expect(results).toHaveLength(6);
  for (const { calls } of results) expect(calls).toEqual({ waybill: 1, powertools: expect.any(Number) });
}, 120_000);

test('the benchmark of the root import still runs, on the package and on the sources', async () => {
  const { results } = await bench('import', '--rounds', '1');

  expect(results.map(({ name }: { name: string }) => name)).toEqual(['empty', 'built', 'source']);
}, 120_000);

test('the benchmark of cold starts still runs, and both functions handle their record', async () => {
  const { results, ratio } = await bench('cold-start', '--rounds', '1');

  expect(results.map(({ name }: { name: string }) => name)).toEqual(['Waybill', 'Powertools']);
  expect(ratio.elapsed).toBeGreaterThan(0);
}, 120_000);

test('the benchmark of reconciliation still runs, and every message is told', async () => {
  const result = await bench('reconcile', '--messages', '20000', '--rounds', '1');

  expect(result).toMatchObject({ committed: 20160, missing: 50, uncaused: 50, falselyNamed: 0 });
  expect(result.cpuMicroseconds).toBeGreaterThan(0);
}, 120_000);

test.each(['handler', 'import', 'reconcile', 'cold-start'])(
  '%s refuses a number of rounds that is none',
  async (name) => {
    await expect(bench(name, '--rounds', 'many')).rejects.toThrow("--rounds is 'many'");
  },
  60_000,
);

test('the benchmark of the chain refuses a number of orders that is none, before it starts anything', async () => {
  await expect(bench('chain', '--count', 'many')).rejects.toThrow("--count is 'many'");
}, 60_000);

test('the benchmark of delays refuses a span that is none, before it starts anything', async () => {
  await expect(bench('delay', '--longest', '1s')).rejects.toThrow('--longest 1s is less than --shortest 5s');
}, 60_000);

test('a benchmark that there is not is answered with those that there are', async () => {
  await expect(bench('nothing')).rejects.toThrow(/There is no benchmark 'nothing'.*delay/s);
}, 60_000);
