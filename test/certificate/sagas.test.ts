import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { certify } from '../../lib/public/testing.ts';
import { simulate } from '../../lib/simulator/run/simulation.ts';
import { trips } from '../../scripts/certify/trips.ts';
import { sagaBugs } from '../planted-bugs/saga-bugs.ts';

const TIMEOUT = 300_000;

test('a saga is done or undone, whatever fails, and its certificate says so', { timeout: TIMEOUT }, async () => {
  const certificate = await certify({ ...trips, plans: 6, seed: 4, allowUnreached: true });
  expect(certificate).toMatchObject({ lost: 0, doubled: 0, uncaused: 0, chargedTwice: 0, leftBehind: 0 });
  expect(certificate.sagas).toBeGreaterThan(0);
});

test('a run counts executions, the steps that were done, those that were undone, and those that were stuck', async () => {
  const { violations, sagas, faults } = await simulate(trips, {
    seed: 1,
    workload: [0, 1, 4].map((step) => ({ step, at: 0 })),
    faults: [],
  });
  expect(violations).toEqual([]);
  // Of each a seat, money, a room and a word; of the first a ticket.
  expect(sagas).toMatchObject({ sagas: 3, steps: 3 * 4 + 1, compensated: 2 });
  expect(sagas.stuck).toBeGreaterThan(0);
  expect(faults).toMatchObject({ 'saga-completed': 1, 'saga-compensated': 2, 'saga-stuck': sagas.stuck });
});

test('sagas are certified with their steps among the subscribers', async () => {
  const [, ...others] = trips.subscribers;
  await expect(certify({ ...trips, subscribers: others })).rejects.toThrow(
    "'reserve' is a step of a saga, and no subscriber: give it among `subscribers`",
  );
});

test('the judge finds mistakes of sagas by their record alone', { timeout: TIMEOUT }, async () => {
  const thread = new Worker(new URL('../planted-bugs/drill-thread.ts', import.meta.url), {
    execArgv: ['--conditions=waybill-source'],
  });
  const findings = new Map<string, string>();
  for (const [name, told] of Object.entries(PLANS)) {
    const edits = sagaBugs.find((bug) => bug.name === name)?.edits;
    thread.postMessage({ file: 'test/planted-bugs/trip-drill.ts', edits, told });
    const [{ found }] = (await once(thread, 'message')) as [{ readonly found: readonly string[] }];
    findings.set(name, found.join('\n'));
  }
  await thread.terminate();
  for (const [name, found] of findings) expect(found, name).toContain('U: ');
});

/** Plans that show each of these. */
const PLANS = {
  'saga-token-on-the-wire': { seed: 1, workload: [{ step: 0, at: 0 }], faults: [] },
  'saga-stuck-in-silence': { seed: 1, workload: [{ step: 4, at: 0 }], faults: [] },
  'saga-left-by-its-execution': {
    seed: 1,
    workload: [{ step: 3, at: 0 }],
    faults: [],
    operations: [{ kind: 'execution-stopped', saga: 'book', at: 5_000 }],
  },
};
