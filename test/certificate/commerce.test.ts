import { describe, expect, test } from 'vitest';
import { certifySystem } from '../../scripts/certify/certify-system.ts';

const PLANS = 1_000;
/** So many of them run a second time. All of them do in `npm run test:hunt`, which takes its time. */
const REPEATED = 40;
const TIMEOUT = 900_000;

describe('the example shop', { timeout: TIMEOUT }, () => {
  test('survives 1,000 plans of faults, every kind among them, and the same seed gives the same runs on other threads', async () => {
    const { certificate, hashes, failed } = await certifySystem('shop', PLANS, 1, 2);

    expect(failed).toBeUndefined();
    expect(certificate).toMatchObject({ plans: PLANS, lost: 0, doubled: 0, uncaused: 0, unreached: [] });

    const again = await certifySystem('shop', REPEATED, 1, 3);
    const first = Object.fromEntries(Object.entries(hashes).filter(([number]) => Number(number) < REPEATED));
    expect(again.hashes).toEqual(first);
  });
});
