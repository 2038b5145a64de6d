import { expect, test } from 'vitest';
import { simulate } from '../../lib/simulator/run/simulation.ts';
import { breaker } from '../../scripts/certify/examples.ts';

test('a circuit that is resumed before the controller has seen it paused takes on its whole load in the end', async () => {
  const { violations } = await simulate(breaker, {
    seed: 777264284,
    workload: [{ step: 0, at: 20_000 }],
    operations: [{ kind: 'paused-by-command', subscriber: 'charge-card', for: 300_000, at: 0 }],
    faults: [{ site: 'controller.GetItem.circuit', nth: 0, fault: { kind: 'crash-before' } }],
  });
  expect(violations).toEqual([]);
});
