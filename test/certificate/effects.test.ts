import { expect, test } from 'vitest';
import { certify, TestService } from '../../lib/public/testing.ts';
import type { Plan } from '../../lib/simulator/plan/plan.ts';
import { simulate } from '../../lib/simulator/run/simulation.ts';
import { payments } from '../../scripts/certify/payments.ts';

test('handlers that pay at services outside pay once, through a hundred plans', { timeout: 300_000 }, async () => {
  const certificate = await certify({ ...payments, plans: 100, seed: 18, allowUnreached: true });
  expect(certificate).toMatchObject({ plans: 100, lost: 0, doubled: 0, uncaused: 0, chargedTwice: 0 });
  expect(certificate.charges).toBeGreaterThan(100);
  for (const kind of ['apply-late', 'reply-lost', 'in-use']) expect(certificate.faults[kind]).toBeGreaterThan(0);
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

test('a message that is cancelled while a deploy is under way has its effect or is cancelled, whichever code gets it', {
  timeout: 60_000,
}, async () => {
  const met: Record<string, number> = {};
  for (let seed = 1; seed <= 24; seed++) {
    // The third step publishes a message, and cancels it a moment later: half of them are sent later than that.
    const late = { site: 'relay.GetRecords', nth: 0, fault: { kind: 'disabled', for: 3_000 } } as const;
    const plan: Plan = {
      seed,
      workload: [
        { step: 2, at: 0 },
        { step: 2, at: 40 * seed },
      ],
      faults: [
        { site: 'pay-by-bank.invoke', nth: seed % 3, fault: { kind: 'old-version', for: 120_000 } },
        ...(seed % 2 === 0 ? [late] : []),
      ],
    };
    const { violations, faults } = await simulate(payments, plan);
    expect(violations).toEqual([]);
    for (const kind of ['old-version', 'cancelled', 'too-late']) met[kind] = (met[kind] ?? 0) + (faults[kind] ?? 0);
  }
  expect(met['old-version']).toBeGreaterThan(10);
  expect(met.cancelled).toBeGreaterThan(0);
  expect(met['too-late']).toBeGreaterThan(0);
});
