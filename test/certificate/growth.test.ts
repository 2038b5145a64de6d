import { expect, test } from 'vitest';
import { certify } from '../../lib/public/testing.ts';
import { growth } from '../../scripts/certify/growth.ts';

test('a ledger grows under its load through plans for each fault, and nothing is lost, doubled or uncaused', {
  timeout: 300_000,
}, async () => {
  const certificate = await certify({ ...growth, plans: 60, seed: 12, allowUnreached: true });
  expect(certificate).toMatchObject({ plans: 60, lost: 0, doubled: 0, uncaused: 0 });
  expect(certificate.operations['load-grows']).toBeGreaterThan(0);
  expect(certificate.unreached).not.toContain('load-grows');
});
