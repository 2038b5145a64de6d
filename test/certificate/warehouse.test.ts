import { expect, test } from 'vitest';
import { certify } from '../../lib/public/testing.ts';
import { checkLatency } from '../../lib/simulator/checks/check-latency.ts';
import { warehouse } from '../../scripts/certify/warehouse.ts';

test('subscribers that share a stream come and go in a hundred plans, and none takes what is not for it', {
  timeout: 300_000,
}, async () => {
  const certificate = await certify({ ...warehouse, plans: 100, seed: 31, allowUnreached: true });
  expect(certificate).toMatchObject({ plans: 100, lost: 0, doubled: 0, uncaused: 0 });
  expect(certificate.operations['subscriber-added']).toBeGreaterThan(0);
});

test('who takes twice its usual time while another is sick is named, and the sick one is not', () => {
  const usual = new Map([
    ['pick', [900, 1_500]],
    ['count', [900, 1_500]],
  ]);
  const slow = new Map([
    ['pick', [900, 3_001]],
    ['count', [900, 3_001]],
  ]);
  const says = (run: typeof usual) => checkLatency(warehouse, new Set(['goods']), run, usual).map(({ what }) => what);
  expect(says(usual)).toEqual([]);
  expect(says(slow)).toEqual([
    expect.stringMatching(/took pick at most 3001 ms while goods was sick, and take 1500 ms/),
  ]);
});
