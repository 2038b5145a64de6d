import { describe, expect, test } from 'vitest';
import type { Plan } from '../../../lib/simulator/plan/plan.ts';
import { simulate } from '../../../lib/simulator/run/simulation.ts';
import { commerce } from '../../../scripts/certify/commerce.ts';

/** Each of the shop's orders once. */
const ALL = [0, 1, 2, 3, 4, 5].map((step) => ({ step, at: 40 * step }));
const plan = (change: Partial<Plan> = {}): Plan => ({ seed: 1, workload: ALL, faults: [], ...change });

describe('a simulated run of the example shop', () => {
  test('without faults handles what can be handled, and gives up the orders that cannot be served', async () => {
    const { violations, messages, outcomes, faults } = await simulate(commerce, plan());

    expect(violations).toEqual([]);
    expect(faults).toEqual({ warm: expect.any(Number) });
    // Six orders, six payments, and a reservation for each order that is served.
    expect(messages).toBe(16);
    expect(outcomes).toMatchObject({ 'batch.handled': 20, 'batch.dead': 2, 'relay.relayed': 16, 'relay.copies': 22 });
  });

  test('is the same for the same plan, line by line, and another for another seed', async () => {
    const faults: Plan['faults'] = [
      { site: 'relay.SendMessageBatch', nth: 1, fault: { kind: 'partial', every: 2 } },
      { site: 'take-payment.TransactWriteItems.inbox', nth: 1, fault: { kind: 'crash-after' } },
      { site: 'count-sales.received', nth: 0, fault: { kind: 'duplicate' } },
    ];
    const one = await simulate(commerce, plan({ faults }));
    const other = await simulate(commerce, plan({ faults }));
    const another = await simulate(commerce, plan({ faults, seed: 2 }));

    expect(other.trace).toEqual(one.trace);
    expect(other.hash).toBe(one.hash);
    expect(another.hash).not.toBe(one.hash);
  });

  test('never resolves what a dead process waits for, though the request that it had sent is carried out', async () => {
    const fault = { kind: 'apply-late', after: 660_000 } as const;
    const { violations, trace } = await simulate(
      commerce,
      plan({
        workload: [{ step: 0, at: 0 }],
        faults: [{ site: 'take-payment.TransactWriteItems.inbox', nth: 0, fault }],
      }),
    );

    expect(violations).toEqual([]);
    const [dead] = trace.filter((line) => line.includes('take-payment#1'));
    const commits = trace.filter((line) => line.includes('take-payment.TransactWriteItems.inbox'));
    expect(dead).toContain('invocation 1');
    expect(trace.filter((line) => line.includes('take-payment#1')).at(-1)).toMatch(
      /take-payment.TransactWriteItems.inbox 0 TransactionCanceled/,
    );
    // The fault, the second process's commit, and at last the first one's, which finds that the message has ended.
    expect(commits.map((line) => line.split(' ').slice(1).join(' '))).toEqual([
      `FAULT take-payment.TransactWriteItems.inbox 0 ${JSON.stringify(fault)}`,
      'take-payment#2 take-payment.TransactWriteItems.inbox 1 done',
      'take-payment#1 take-payment.TransactWriteItems.inbox 0 TransactionCanceledException',
    ]);
  });

  test('freezes a process between invocations: what it waits for comes with the next', async () => {
    const { violations, trace } = await simulate(
      commerce,
      plan({
        workload: [
          { step: 0, at: 0 },
          { step: 1, at: 60_000 },
        ],
        faults: [
          { site: 'take-payment.TransactWriteItems.inbox', nth: 0, fault: { kind: 'reply-late', after: 9_000 } },
        ],
      }),
    );

    expect(violations).toEqual([]);
    const process = trace.filter((line) => line.includes('take-payment#1 invocation'));
    expect(process.map((line) => line.replace(/^\d+ /, ''))).toEqual([
      'take-payment#1 invocation 1',
      'take-payment#1 invocation 1 returned',
      'take-payment#1 invocation 2',
      'take-payment#1 invocation 2 returned',
      'take-payment#1 invocation 3',
      'take-payment#1 invocation 3 returned',
    ]);
  });

  test('ends by the recorder what crashes whenever it is delivered', async () => {
    const { violations, outcomes } = await simulate(
      commerce,
      plan({
        workload: [{ step: 0, at: 0 }],
        faults: [{ site: 'note-shipping.invoke', nth: 0, fault: { kind: 'crash-at-start', times: 101 } }],
      }),
    );

    expect(violations).toEqual([]);
    expect(outcomes['recorder.dead']).toBe(1);
  });

  test('takes two weeks of virtual time in its stride', async () => {
    const { violations, outcomes } = await simulate(
      commerce,
      plan({
        workload: [{ step: 0, at: 0 }],
        faults: [{ site: 'note-shipping.deleted', nth: 0, fault: { kind: 'duplicate-late', after: 13 * 86_400_000 } }],
      }),
    );

    expect(violations).toEqual([]);
    expect(outcomes['batch.already']).toBe(1);
  });
});
