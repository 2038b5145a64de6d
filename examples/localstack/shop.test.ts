import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { publish, transact } from 'waybill/runtime';
import { describeLeftOut, type HostedStacks, hostStacks } from 'waybill/testing';
import { OrderPlaced, Stock } from './contract.ts';
import { handler } from './functions/reserve-stock.ts';
import { Shop } from './stack.ts';

let shop: HostedStacks;

before(async () => {
  // The handler runs in this process: there is no need to bundle it.
  const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } });
  const template = Template.fromStack(new Shop(app, 'Shop')).toJSON();
  shop = await hostStacks({ templates: { Shop: template }, handlers: { 'reserve-stock': handler } });
  for (const line of describeLeftOut(shop.leftOut)) console.log(`left out: ${line}`);
});
after(() => shop?.destroy());

test('a placed order takes its pieces out of the stock', async () => {
  const { environment } = shop;
  await transact((tx) => void tx.put(Stock, { sku: 'a', quantity: 5 }), { environment });
  await publish(OrderPlaced, { orderId: '1', sku: 'a', quantity: 2 }, { environment });
  await shop.runUntilIdle();
  assert.deepEqual(await shop.read(Stock, { sku: 'a' }), { sku: 'a', quantity: 3 });
});

test('an order for more than there is ends in the dead-letter queue, and takes nothing', async () => {
  const { environment } = shop;
  await transact((tx) => void tx.put(Stock, { sku: 'b', quantity: 1 }), { environment });
  await publish(OrderPlaced, { orderId: '2', sku: 'b', quantity: 2 }, { environment });
  await shop.runUntilIdle();
  assert.deepEqual(await shop.read(Stock, { sku: 'b' }), { sku: 'b', quantity: 1 });
  const letters = await shop.takeDeadLetters();
  assert.deepEqual(
    letters.map(({ subscriber, reason }) => [subscriber, reason]),
    [['reserve-stock', 'condition-failed']],
  );
});
