import { expect, test } from 'vitest';
import { defineSubscriber } from 'waybill';
import { consume } from 'waybill/runtime';
import { testLedger } from 'waybill/testing';
import { KeepPrice, PriceChanged, PriceChangedV1, Prices } from './contract.ts';
import { handler } from './functions/keep-price.ts';

test('a message of version 2 is handled', async () => {
  const ledger = testLedger();
  await ledger.deliver(handler, PriceChanged, { sku: 'tea', cents: 1_290 });
  expect(ledger.rows(Prices)).toEqual([{ sku: 'tea', cents: 1_290 }]);
});

test('a message of version 1 is upgraded, and handled as one of version 2', async () => {
  const ledger = testLedger();
  const { outcome } = await ledger.deliver(handler, PriceChangedV1, { sku: 'tea', price: '12.90' });
  expect(outcome).toBe('handled');
  expect(ledger.rows(Prices)).toEqual([{ sku: 'tea', cents: 1_290 }]);
});

test('where a producer was deployed before the consumer, its messages wait for the consumer', async () => {
  const ledger = testLedger();
  const old = consume(defineSubscriber(KeepPrice.name, { consumes: [PriceChangedV1], tables: [Prices] }), () => {
    throw new Error('the handler of version 1 is not called');
  });
  const delivery = await ledger.deliver(old, PriceChanged, { sku: 'tea', cents: 1_290 });
  expect(delivery).toMatchObject({ outcome: 'retried', reason: 'newer-event-version' });
  // The consumer is deployed, and the message comes again.
  expect(await ledger.redeliver(handler, delivery.id)).toMatchObject({ outcome: 'handled' });
});
