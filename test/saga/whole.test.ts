import { readFileSync } from 'node:fs';
import type { Stack } from 'aws-cdk-lib';
import { AttributeType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { expect, test } from 'vitest';
import { defineEvent, defineSaga, defineStep, defineTable } from 'waybill';
import { Ledger, Saga } from 'waybill/constructs';
import { atLeast, consumeStep, publish } from 'waybill/runtime';
import { MemoryStack } from 'waybill/testing';
import { z } from 'zod';
import { handlerIn, testStack } from '../constructs/shop-app.ts';

const [text, count] = [z.string(), z.int()];
const key = ({ orderId }: { readonly orderId: string }) => orderId;
const Bought = defineEvent('order.bought', {
  schema: z.object({ orderId: text, weight: count }),
  key,
  businessLine: 'shop',
});
const Refused = defineEvent('order.refused', {
  schema: z.object({ orderId: text, why: text }),
  key,
  businessLine: 'shop',
});
const Stock = defineTable('stock', { item: z.object({ sku: text, left: count }), partitionKey: 'sku' });
const Accounts = defineTable('accounts', { item: z.object({ account: text, cents: count }), partitionKey: 'account' });
const Parcels = defineTable('parcels', { item: z.object({ orderId: text, weight: count }), partitionKey: 'orderId' });
const Order = z.object({ orderId: text, sku: text, account: text, cents: count });
const table = (stack: Stack, name: string, partitionKey: string) =>
  new TableV2(stack, name, { partitionKey: { name: partitionKey, type: AttributeType.STRING } });

// The saga begins.
const Reserve = defineStep('reserve', {
  input: z.object({ sku: text }),
  output: z.object({ weight: count }),
  tables: [Stock],
});
const Charge = defineStep('charge', { input: z.object({ account: text, cents: count }), tables: [Accounts] });
const Ship = defineStep('ship', { input: z.object({ orderId: text, weight: count }), tables: [Parcels] });

const Buy = defineSaga('buy', { input: Order, key })
  .step('reserve', Reserve, ({ input }) => ({ sku: input.sku }))
  .step('charge', Charge, ({ input }) => ({ account: input.account, cents: input.cents }))
  .step('ship', Ship, ({ input, reserve }) => ({ orderId: input.orderId, weight: reserve.weight }))
  .ends({
    completed: [Bought, ({ input, reserve }) => ({ orderId: input.orderId, weight: reserve.weight })],
    compensated: [Refused, ({ input, failure }) => ({ orderId: input.orderId, why: failure.code })],
  });

// Each of these is the handler of a function.
const reserve = consumeStep(Reserve, {
  run: ({ sku }, { tx }) => {
    tx.update(Stock, { sku }, { add: { left: -1 }, when: { left: atLeast(1) }, otherwise: 'deadLetter' });
    return { weight: 3 };
  },
  undo: ({ sku }, _, { tx }) => tx.update(Stock, { sku }, { add: { left: 1 } }),
});
const charge = consumeStep(Charge, {
  run: ({ account, cents }, { tx }) => {
    const enough = { when: { cents: atLeast(cents) }, otherwise: 'deadLetter' } as const;
    tx.update(Accounts, { account }, { add: { cents: -cents }, ...enough });
  },
  undo: ({ account, cents }, _, { tx }) => tx.update(Accounts, { account }, { add: { cents } }),
});
const ship = consumeStep(Ship, {
  run: ({ orderId, weight }, { tx }) =>
    tx.put(Parcels, { orderId, weight }, { when: 'absent', otherwise: 'deadLetter' }),
  undo: ({ orderId }, _, { tx }) => tx.delete(Parcels, { orderId }),
});

const deploy = (stack: Stack, ledger: Ledger) =>
  new Saga(stack, 'Buy', {
    ledger,
    saga: Buy,
    steps: {
      reserve: { handler: handlerIn(stack, 'Reserve'), tables: { stock: table(stack, 'Stock', 'sku') } },
      charge: { handler: handlerIn(stack, 'Charge'), tables: { accounts: table(stack, 'Accounts', 'account') } },
      ship: { handler: handlerIn(stack, 'Ship'), tables: { parcels: table(stack, 'Parcels', 'orderId') } },
    },
  });
// The saga ends.

test('a saga of three steps with compensation is at most 45 lines, all that its handlers do included', () => {
  const source = readFileSync(import.meta.filename, 'utf8');
  const [begin, end] = ['// The saga begins.', '// The saga ends.'].map((line) => source.indexOf(`${line}\n`));
  const lines = source
    .slice(begin, end)
    .split('\n')
    .map((line) => line.trim());
  const code = lines.filter((line) => line !== '' && !line.startsWith('//'));
  expect(code.length, code.join('\n')).toBeLessThanOrEqual(45);
});

test('it is deployed, done and undone', async () => {
  const stack = testStack();
  expect(deploy(stack, new Ledger(stack, 'Ledger')).steps.ship.node.id).toBeDefined();
  const memory = new MemoryStack({
    subscribers: [Reserve, Charge, Ship],
    handlers: { reserve, charge, ship },
    sagas: [Buy],
  })
    .row(Stock, { sku: 'a', left: 5 })
    .row(Accounts, { account: 'ada', cents: 250 });
  const buy = (orderId: string) =>
    publish(Buy, { orderId, sku: 'a', account: 'ada', cents: 100 }, { environment: memory.environment() });
  for (const orderId of ['1', '2', '3', '1']) await buy(orderId);
  await memory.advance('1m');
  // The third has not enough money.
  expect(memory.rows(Parcels).map(({ orderId }) => orderId)).toEqual(['1', '2']);
  expect(memory.read(Stock, { sku: 'a' })).toEqual({ sku: 'a', left: 3 });
  expect(memory.read(Accounts, { account: 'ada' })).toEqual({ account: 'ada', cents: 50 });
}, 60_000);
