import { describe, expect, test } from 'vitest';
import { certify } from '../../lib/public/testing.ts';
import { drawnSeed, replayOf } from '../../scripts/certify/drawn-seed.ts';
import { EXAMPLES, loadSystem } from '../../scripts/certify/systems.ts';

const PLANS = 100;
const TIMEOUT = 600_000;

const seed = drawnSeed();
console.log(replayOf(seed));

describe(`with plans of seed ${seed}`, { timeout: TIMEOUT }, () => {
  // It throws where a plan fails, with the shortest that does. What a hundred do not show, the thousand of the night must.
  test.each(EXAMPLES)('the example %s survives a hundred', async (name) => {
    const system = await loadSystem(name);
    const certificate = await certify({ ...system, plans: PLANS, seed, allowUnreached: true });
    expect(certificate).toMatchObject({ plans: PLANS, lost: 0, doubled: 0, uncaused: 0 });
  });
});
