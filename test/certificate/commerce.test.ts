import { describe, expect, test } from 'vitest';
import { describeFailure } from '../../lib/simulator/certificate.ts';
import { certifySystem } from '../../scripts/certify/certify-system.ts';
import { drawnSeed, replayOf } from '../../scripts/certify/drawn-seed.ts';

const PLANS = 1_000;
/** So many of them run a second time. All of them do in `npm run test:hunt`, which takes its time. */
const REPEATED = 40;
const TIMEOUT = 900_000;

const seed = drawnSeed();
console.log(replayOf(seed));

describe(`the example shop, with plans of seed ${seed}`, { timeout: TIMEOUT }, () => {
  test('survives 1,000 plans of faults, every kind among them, and the same seed gives the same runs on other threads', async () => {
    const { certificate, hashes, failed } = await certifySystem('shop', PLANS, seed, 2);

    expect(failed && describeFailure(failed)).toBeUndefined();
    expect(certificate).toMatchObject({ plans: PLANS, lost: 0, doubled: 0, uncaused: 0, unreached: [] });

    const again = await certifySystem('shop', REPEATED, seed, 3);
    const first = Object.fromEntries(Object.entries(hashes).filter(([number]) => Number(number) < REPEATED));
    expect(again.hashes).toEqual(first);
  });
});
