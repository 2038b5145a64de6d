import { expect, test } from 'vitest';
import { certify, publishing, startingWith } from 'waybill/testing';
import { OrderPlaced, ReserveStock, Stock } from '../src/contract.ts';
import { handler as reserveStock } from '../src/functions/reserve-stock.ts';

/** A few for each edit. 200 show every kind of fault, and are what a certificate takes: `PLANS=200`. */
const PLANS = Number(process.env.PLANS ?? 15);

test('whatever fails, each order reserves its stock exactly once', async () => {
  const certificate = await certify({
    subscribers: [ReserveStock],
    handlers: { 'reserve-stock': reserveStock },
    tables: [startingWith(Stock, [{ sku: 'tea', reserved: 0 }])],
    workload: ['1', '2'].map((orderId) => publishing(OrderPlaced, { orderId, sku: 'tea', quantity: 1 })),
    plans: PLANS,
    allowUnreached: PLANS < 200,
    invariant: ({ rows, ended }) => {
      const handled = ended.filter(({ state }) => state === 'handled').length;
      const reserved = rows(Stock).reduce((sum, row) => sum + row.reserved, 0);
      return reserved === handled ? [] : [`${handled} orders were handled, and ${reserved} pieces are reserved`];
    },
  });
  expect(certificate).toMatchObject({ plans: PLANS, lost: 0, doubled: 0 });
}, 120_000);
