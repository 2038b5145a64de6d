import { describe, expect, test } from 'vitest';
import { defineEvent, defineSubscriber, defineTable } from 'waybill';
import { consume, type Handler } from 'waybill/runtime';
import { z } from 'zod';
import { certify, publishing, startingWith } from '../../lib/public/testing.ts';

const OrderPlaced = defineEvent('order.placed', {
  schema: z.object({ orderId: z.string(), sku: z.string() }),
  key: (order) => order.orderId,
  businessLine: 'orders',
});
const Stock = defineTable('stock', { item: z.object({ sku: z.string(), quantity: z.int() }), partitionKey: 'sku' });
const ReserveStock = defineSubscriber('reserve-stock', { consumes: [OrderPlaced], tables: [Stock] });

type Reserving = Handler<typeof ReserveStock, typeof OrderPlaced>;

const TIMEOUT = 120_000;

function certified(handler: Reserving) {
  return certify({
    subscribers: [ReserveStock],
    handlers: { 'reserve-stock': consume(ReserveStock, handler) },
    tables: [startingWith(Stock, [{ sku: 'a', quantity: 100 }])],
    workload: [publishing(OrderPlaced, { orderId: '1', sku: 'a' })],
    plans: 5,
    allowUnreached: true,
  });
}

// What a handler does not wait for is lost, and its message is handled all the same: so no plan can show a loss.
describe('no certificate is given to a handler that', { timeout: TIMEOUT }, () => {
  test.each<[mistake: string, handler: Reserving, sentence: RegExp]>([
    [
      'does not wait for a read before it writes',
      (({ sku }, { tx }) => {
        void tx.get(Stock, { sku }).then(() => tx.update(Stock, { sku }, { add: { quantity: -1 } }));
      }) satisfies Reserving,
      /H, handlers wait for all that they begin, and end: the handler of 'reserve-stock' forgets an `await`.*1 of its reads/,
    ],
    [
      'reads in a callback that nobody waits for',
      (({ sku }, { tx }) => {
        [sku, 'b'].forEach(async (one) => {
          if (await tx.get(Stock, { sku: one })) tx.update(Stock, { sku: one }, { add: { quantity: -1 } });
        });
      }) satisfies Reserving,
      /H, handlers wait for all that they begin, and end: the handler of 'reserve-stock' forgets an `await`.*2 of its reads/,
    ],
    [
      'goes on when it has returned, without a read',
      (({ sku }, { tx }) => {
        void (async () => {
          for (let turn = 0; turn < 20; turn++) await undefined;
          tx.update(Stock, { sku }, { add: { quantity: -1 } });
        })();
      }) satisfies Reserving,
      /H, handlers wait for all that they begin, and end: the handler of 'reserve-stock' used its transaction after it had returned/,
    ],
    [
      'goes on, and says nothing of it',
      (({ sku }, { tx }) => {
        void (async () => {
          for (let turn = 0; turn < 20; turn++) await undefined;
          tx.update(Stock, { sku }, { add: { quantity: -1 } });
        })().catch(() => undefined);
      }) satisfies Reserving,
      /H, handlers wait for all that they begin, and end: the handler of 'reserve-stock' used its transaction after it had returned/,
    ],
    [
      'is a generator, of which nothing runs',
      // biome-ignore lint/suspicious/noExplicitAny: what JavaScript lets users write
      function* () {} as any,
      /H, handlers wait for all that they begin, and end: the handler of 'reserve-stock' forgets an `await`, or returns something: The handler answered with something/,
    ],
    [
      'hangs',
      () => new Promise<void>(() => undefined),
      /H, handlers wait for all that they begin, and end: the handler of 'reserve-stock' hangs: it was still running each time/,
    ],
    [
      'leaves a promise behind that is rejected',
      () => {
        void Promise.reject(new Error('nobody hears of me'));
      },
      /H, handlers wait for all that they begin, and end: a handler forgets an `await`: a promise that nobody waits for was rejected with Error: nobody hears of me/,
    ],
  ])('%s', async (_, handler, sentence) => {
    await expect(certified(handler)).rejects.toThrow(sentence);
  });

  test('is correct, but not for want of an await', async () => {
    const handler: Reserving = async ({ sku }, { tx }) => {
      if (await tx.get(Stock, { sku })) tx.update(Stock, { sku }, { add: { quantity: -1 } });
    };

    await expect(certified(handler)).resolves.toMatchObject({ plans: 5, lost: 0 });
  });
});
