import { expect, test } from 'vitest';
import { certify, TestService } from '../../lib/public/testing.ts';
import { payments } from '../../scripts/certify/payments.ts';

test('handlers that pay at services outside pay once, through a hundred plans', { timeout: 300_000 }, async () => {
  const certificate = await certify({ ...payments, plans: 100, seed: 18, allowUnreached: true });
  expect(certificate).toMatchObject({ plans: 100, lost: 0, doubled: 0, uncaused: 0, chargedTwice: 0 });
  expect(certificate.faults['apply-late']).toBeGreaterThan(0);
});

test('a service of a test answers at once, and keeps keys where it is said to', async () => {
  const keeping = new TestService('keeping', { does: (cents: number, count) => `${cents} ${count}`, keepsKeys: true });
  const forgetting = new TestService('forgetting', { does: (cents: number, count) => `${cents} ${count}` });
  expect([await keeping.request('a', 1), await keeping.request('a', 2)]).toEqual(['1 1', '1 1']);
  expect([await forgetting.request('a', 1), await forgetting.request('a', 2)]).toEqual(['1 1', '2 2']);
  expect(await keeping.find('b')).toBeUndefined();
  expect(forgetting.entries).toHaveLength(2);
  const aborted = keeping.request('c', 3, { signal: AbortSignal.abort(new Error('no time')) });
  await expect(aborted).rejects.toThrow('no time');
});
