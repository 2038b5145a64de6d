import { afterEach, describe, expect, test, vi } from 'vitest';
import { defineEvent, defineSubscriber, defineTable } from 'waybill';
import { atLeast, consume } from 'waybill/runtime';
import { z } from 'zod';
import { CertificationFailed, certify, PLAN_VARIABLE } from '../../lib/simulator/certify.ts';
import { publishing, startingWith } from '../../lib/simulator/system.ts';

const OrderPlaced = defineEvent('order.placed', {
  schema: z.object({ orderId: z.string(), sku: z.string(), quantity: z.int() }),
  key: (order) => order.orderId,
  businessLine: 'orders',
});
const Stock = defineTable('stock', {
  item: z.object({ sku: z.string(), quantity: z.int() }),
  partitionKey: 'sku',
});
const ReserveStock = defineSubscriber('reserve-stock', { consumes: [OrderPlaced], tables: [Stock] });

const handler = consume(ReserveStock, async ({ sku, quantity }, { tx }) => {
  tx.update(
    Stock,
    { sku },
    { add: { quantity: -quantity }, when: { quantity: atLeast(quantity) }, otherwise: 'deadLetter' },
  );
});

const shop = {
  subscribers: [ReserveStock],
  handlers: { 'reserve-stock': handler },
  tables: [startingWith(Stock, [{ sku: 'a', quantity: 100 }])],
  workload: [
    publishing(OrderPlaced, { orderId: '1', sku: 'a', quantity: 2 }),
    publishing(OrderPlaced, { orderId: '2', sku: 'a', quantity: 3 }),
  ],
};

const TIMEOUT = 120_000;

afterEach(() => vi.unstubAllEnvs());

describe('certify', { timeout: TIMEOUT }, () => {
  test('certifies a handler in ten lines', async () => {
    const certificate = await certify({ ...shop, plans: 60, allowUnreached: true });

    expect(certificate).toMatchObject({ plans: 60, lost: 0, doubled: 0, uncaused: 0 });
    expect(certificate.messages).toBeGreaterThan(60);
    expect(Object.values(certificate.faults).filter((times) => times > 0).length).toBeGreaterThan(15);
    expect(await certify({ ...shop, plans: 60, allowUnreached: true })).toEqual(certificate);
  });

  test('says what its plans did not show, and does not certify', async () => {
    await expect(certify({ ...shop, plans: 2 })).rejects.toThrow(/2 plans did not show what comes of .*recorder\.dead/);
  });

  test('names the shortest plan that a handler with an effect of its own does not survive, and replays it', async () => {
    let sold = 0;
    const careless = consume(ReserveStock, async () => {
      sold += 1;
    });
    const counted = {
      ...shop,
      handlers: { 'reserve-stock': careless },
      workload: [
        ...shop.workload,
        // A run begins with the books closed.
        () => undefined,
      ],
      invariant: ({ committed }: { readonly committed: readonly object[] }) => {
        const effects = sold;
        sold = 0;
        return effects > committed.length ? [`${committed.length} orders, ${effects} sold`] : [];
      },
    };
    const error = await certify({ ...counted, plans: 200 }).catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(CertificationFailed);
    const { failed, message } = error as CertificationFailed;
    expect(failed?.violations).toEqual([{ invariant: 'M', what: '1 orders, 2 sold' }]);
    expect(failed?.plan.workload).toHaveLength(1);
    expect(failed?.plan.faults.length).toBeLessThanOrEqual(1);
    expect(message).toContain(`${PLAN_VARIABLE}='${JSON.stringify(failed?.plan)}'`);
    expect(message).toMatch(/It was plan \d+ of seed 1, shortened/);

    vi.stubEnv(PLAN_VARIABLE, JSON.stringify(failed?.plan));
    await expect(certify(counted)).rejects.toThrow(/1 orders, 2 sold/);
    await expect(certify(shop)).resolves.toMatchObject({ plans: 1, lost: 0 });
  });

  test('says in words which steps, which promise and which messages a plan is about, that steps are repeated, and how to replay', async () => {
    const workload = [0, 1, 0].map((step, index) => ({ step, at: index * 20 }));
    const faults = [{ site: 'reserve-stock.invoke', nth: 0, fault: { kind: 'crash-at-start', times: 4 } }];
    vi.stubEnv(PLAN_VARIABLE, JSON.stringify({ seed: 1, workload, faults }));
    const error = await certify({ ...shop, bound: '1ms' }).catch((thrown: unknown) => thrown);

    const { failed, message } = error as CertificationFailed;
    const late = failed?.violations.find(({ what }) => what.startsWith('order.placed'))?.what.split(' ')[1];
    for (const line of [
      'A plan of 4 steps fails:',
      '  at 0 ms: step 0 of the workload, which publishes order.placed\n',
      '  at 20 ms: step 1 of the workload, which publishes order.placed\n',
      '  at 40 ms: step 0 of the workload, which publishes order.placed, once more\n',
      '  reserve-stock.invoke, time 1: crash-at-start times 4 (the process dies before the handler runs)\n',
      '  Plans repeat steps, as a customer presses a button twice',
      `  T, all is delivered in time, once nothing fails any more: order.placed ${late} has not ended at reserve-stock\n`,
      `  ${late} is order.placed of '1', published by step 0 of the workload\n`,
      'What happened, step by step:\n',
    ]) {
      expect(message).toContain(line);
    }
  });

  test.each([
    ['there is no subscriber', { ...shop, subscribers: [] }, /no subscriber/],
    ['there is no workload', { ...shop, workload: [] }, /no workload/],
    ['a subscriber has no handler', { ...shop, handlers: {} }, /'reserve-stock' has no handler/],
  ])('refuses at once where %s', async (_, system, message) => {
    await expect(certify(system)).rejects.toThrow(message);
  });

  test('refuses a plan that is none', async () => {
    vi.stubEnv(PLAN_VARIABLE, '{"seed": 1}');

    await expect(certify(shop)).rejects.toThrow(/A plan is JSON of the form/);
  });
});
