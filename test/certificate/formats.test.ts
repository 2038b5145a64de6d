import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { FaultRange } from '../../lib/simulator/faults/fault-range.ts';
import { FORWARDER, PRODUCER, RECONCILER, RELAY } from '../../lib/simulator/faults/site.ts';
import { planArbitrary } from '../../lib/simulator/plan/plan-arbitrary.ts';
import { simulate } from '../../lib/simulator/run/simulation.ts';
import { sendingModesOf } from '../../lib/simulator/system.ts';
import { changingFormats, TURNS } from '../../scripts/certify/formats.ts';

/** All of them run in `npm run test:hunt`. */
const PLANS = Number(process.env.FORMAT_PLANS ?? 200);
const TIMEOUT = 900_000;

const { faults } = new FaultRange({
  queues: ['keep-order', 'report-order'],
  streams: { orders: ['count-order'] },
  deployed: ['keep-order', 'report-order', 'count-order', RELAY, FORWARDER, RECONCILER, PRODUCER],
  modes: sendingModesOf(changingFormats),
});

/** Each plan turns the format at some time, and rolls a function back; whatever else happens is drawn. */
const plans = (turn: number) =>
  planArbitrary(fc, {
    faults,
    steps: changingFormats.workload.length,
    step: turn,
    by: ({ kind }) => kind === 'old-version',
  });

test(`formats are turned on and off and readers rolled back in ${PLANS} plans, and nothing is lost, doubled or uncaused`, {
  timeout: TIMEOUT,
}, async () => {
  const shown: Record<string, number> = {};
  for (let number = 0; number < PLANS; number++) {
    const [plan] = fc.sample(plans(TURNS[number % TURNS.length] as number), { seed: number, numRuns: 1 });
    if (!plan) throw new Error('No plan was drawn');
    const { violations, uncaused, faults: happened, outcomes } = await simulate(changingFormats, plan);
    expect({ plan, violations, uncaused }).toEqual({ plan, violations: [], uncaused: 0 });
    for (const [name, count] of Object.entries({ ...happened, ...outcomes })) shown[name] = (shown[name] ?? 0) + count;
  }
  // What plans must show: old code met rows and payloads that it did not know.
  expect(shown['old-version']).toBeGreaterThan(PLANS / 2);
  for (const name of ['relay.newerFormat', 'forward.newerFormat', 'batch.again'])
    expect(shown[name]).toBeGreaterThan(PLANS / 50);
});
