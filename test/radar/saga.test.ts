import { expect, test } from 'vitest';
import { publish } from 'waybill/runtime';
import { MemoryStack } from 'waybill/testing';
import { radarApp } from '../../lib/radar/app.ts';
import { LedgerSource } from '../../lib/radar/index.ts';
import { Charge, PlaceOrder, Reserve, Ship, Stock } from '../saga/order-saga.ts';
import { handlers, NOWHERE } from '../saga/order-steps.ts';

const HOST = '127.0.0.1:4242';

test('the radar shows a saga as a tree of its commands and its end, and counts them', async () => {
  const stack = new MemoryStack({ subscribers: [Reserve, Charge, Ship], handlers, sagas: [PlaceOrder] });
  stack.row(Stock, { sku: 'a', quantity: 5, version: 0 });
  const order = { orderId: `${NOWHERE}-1`, sku: 'a', quantity: 2, cents: 500 };
  const { id } = await publish(PlaceOrder, order, { environment: stack.environment() });
  await stack.advance('2m');
  const source = new LedgerSource(stack.environment(), { ledger: stack.ledger.name, shards: 2 });
  const app = radarApp(source, { hosts: () => [HOST], token: 'a token' });
  const ask = async (path: string) => (await app.request(`http://${HOST}${path}`, { headers: { host: HOST } })).text();

  const page = await ask(`/part/trace/${id}`);
  const types = [...page.matchAll(/<strong>([\w.-]+)<\/strong> of/g)].map(([, type]) => type);
  // All of it happens in one moment here.
  expect(types[0]).toBe('saga.place-order');
  expect(types.slice(1).sort()).toEqual([
    'order.refused',
    'step.charge',
    'step.charge.undo',
    'step.reserve',
    'step.reserve.undo',
    'step.ship',
    'step.ship.undo',
  ]);
  // Each hangs below what started the saga.
  expect(page.indexOf('start-place-order')).toBeLessThan(page.indexOf('step.reserve'));
  for (const token of stack.ledger.items().flatMap(({ token: one }) => one?.S ?? [])) expect(page).not.toContain(token);

  const { lines } = JSON.parse(await ask('/api/radar')) as { lines: Record<string, unknown> };
  expect(Object.keys(lines)).toEqual(expect.arrayContaining([PlaceOrder.businessLine, 'sagas']));
});
