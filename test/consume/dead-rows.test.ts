import { hash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Rejected } from '../../lib/contract/errors.ts';
import { LIMITS } from '../../lib/contract/limits.ts';
import { causeOf, frameOf } from '../../lib/ledger/rows/cause.ts';
import { refusedBy } from '../faults.ts';
import { ORDER, OrderPlaced, openShop, reserving, Stock, StockReserved } from './shop.ts';

type Shop = ReturnType<typeof openShop>;

const rowsOf = (shop: Shop, kind: 'dead' | 'cause') =>
  shop.written().filter(({ pk }) => String(pk).startsWith(`${kind}#reserve-stock`));

test('what dies has a row by which it is found, and its cause is counted', async () => {
  const shop = openShop();
  const handler = reserving((order) => {
    throw new Rejected(`order ${order.orderId} is of '${order.sku}'`);
  });
  const messages = ['1', '2', '3'].map((orderId) => shop.envelopeOf(OrderPlaced, { ...ORDER, orderId }));
  await shop.invoke(
    handler,
    messages.map((message) => shop.queued(message)),
  );
  const dead = rowsOf(shop, 'dead');
  expect(dead).toHaveLength(3);
  for (const message of messages) {
    const inbox = shop.inbox(message.id);
    const died = new Date(inbox?.hops.ended ?? 0).toISOString();
    expect(dead).toContainEqual(
      expect.objectContaining({ sk: `${died}#${message.id}`, reason: 'rejected', key: message.partitionkey }),
    );
  }
  const [cause, ...others] = rowsOf(shop, 'cause');
  expect(others).toEqual([]);
  expect(new Set(dead.map((row) => row.cause))).toEqual(new Set([cause?.sk]));
  expect(cause).toMatchObject({ reason: 'rejected', died: 3, frame: expect.stringMatching(/^dead-rows\.test\.ts:/) });
  expect(cause?.sample).toMatch(/^order \d is of 'a'$/);
});

test('a record that is no message has a row by the digest of its bytes, however often it comes', async () => {
  const shop = openShop();
  const record = shop.queued('no envelope');
  shop.from('SendMessageBatch', refusedBy('ServiceUnavailable', 'server'));
  for (let times = 0; times < 3; times++)
    await shop.invoke(
      reserving(() => undefined),
      [record],
    );
  shop.from('SendMessageBatch', undefined);
  await shop.invoke(
    reserving(() => undefined),
    [record],
  );
  expect(rowsOf(shop, 'dead')).toMatchObject([
    { sk: expect.stringContaining(`#${hash('sha256', 'no envelope')}`), reason: 'malformed-message' },
  ]);
});

test('a message that is handled after all is dead no more: its row goes in the very transaction', async () => {
  const shop = openShop();
  shop.stock(9);
  let rejects = true;
  const handler = reserving((order, { tx }) => {
    if (rejects) throw new Rejected('not yet');
    tx.update(Stock, { sku: order.sku }, { add: { quantity: -order.quantity } });
  });
  const message = shop.envelopeOf(OrderPlaced, ORDER);
  await shop.invoke(handler, [shop.queued(message)]);
  // It dies once more first, so that its row is replaced.
  shop.clock.pass(1_000);
  await shop.invoke(handler, [shop.queued(message, { redriven: true })]);
  const [row, ...others] = rowsOf(shop, 'dead');
  expect(others).toEqual([]);
  expect(row?.sk).toBe(`${new Date(shop.inbox(message.id)?.hops.ended ?? 0).toISOString()}#${message.id}`);

  rejects = false;
  shop.clock.pass(1_000);
  const before = shop.operations().length;
  await shop.invoke(handler, [shop.queued(message, { redriven: true })]);
  expect(shop.operations().slice(before)).toEqual(['GetItem', 'TransactWriteItems']);
  expect(shop.inbox(message.id)?.state).toBe('handled');
  expect(rowsOf(shop, 'dead')).toEqual([]);
});

test('a handler that fills its transaction is redriven all the same', async () => {
  const shop = openShop();
  let rejects = true;
  const handler = reserving((order, { tx }) => {
    if (rejects) throw new Rejected('not yet');
    for (let n = 0; n < LIMITS.transactionActions - 1; n++) tx.publish(StockReserved, { orderId: order.orderId });
  });
  const message = shop.envelopeOf(OrderPlaced, ORDER);
  await shop.invoke(handler, [shop.queued(message)]);
  rejects = false;
  expect(await shop.invoke(handler, [shop.queued(message, { redriven: true })])).toEqual([]);
  expect(shop.inbox(message.id)?.state).toBe('handled');
});

test('a handled message costs what it did: one transaction, and nothing besides', async () => {
  const shop = openShop();
  shop.stock(9);
  const handler = reserving((order, { tx }) => {
    tx.update(Stock, { sku: order.sku }, { add: { quantity: -order.quantity } });
  });
  await shop.invoke(handler, [shop.queued(shop.envelopeOf(OrderPlaced, ORDER))]);
  expect(shop.environment.usage.calls).toEqual({ TransactWriteItems: 1 });
  expect(shop.environment.usage.writeUnits).toBe(4);
});

test('a cause that cannot be counted keeps nobody from dying', async () => {
  const shop = openShop();
  shop.from('UpdateItem', refusedBy('AccessDeniedException'));
  const message = shop.envelopeOf(OrderPlaced, ORDER);
  const handler = reserving(() => {
    throw new Rejected('no');
  });
  expect(await shop.invoke(handler, [shop.queued(message)])).toEqual([]);
  expect(rowsOf(shop, 'dead')).toHaveLength(1);
  expect(await shop.letters()).toHaveLength(1);
});

describe('a cause', () => {
  const at = 'at pay (file:///var/task/index.mjs:3:14)';

  test('is the same for errors that differ in numbers, ids and what they quote', () => {
    const cause = (detail: string, frame = at) => causeOf({ reason: 'attempts-exhausted', detail, at: frame });
    fc.assert(
      fc.property(fc.nat(), fc.uuid(), fc.stringMatching(/^[a-z ]{1,20}$/), (number, id, quoted) => {
        const detail = `Failed 5 times, at last with Error: order ${number} of ${id} says '${quoted}'`;
        expect(cause(detail)).toBe(cause(`Failed 8 times, at last with Error: order 7 of ${ID} says 'no'`));
      }),
    );
    expect(cause('Error: gone', at)).toBe(cause('Error: gone', at.replace('3:14', '88:1')));
  });

  test('differs where code, sentence or function do', () => {
    const one = { reason: 'rejected', detail: 'card refused', at };
    const others = [
      { ...one, reason: 'condition-failed' },
      { ...one, detail: 'card expired' },
      { ...one, at: 'at refund (file:///var/task/index.mjs:3:14)' },
      { ...one, at: undefined },
    ];
    expect(new Set([one, ...others].map(causeOf)).size).toBe(5);
    expect(causeOf(one)).toMatch(/^[\da-f]{8}$/);
  });

  test.each([
    [at, 'index.mjs:pay'],
    ['at file:///var/task/index.mjs:3:14', 'index.mjs:anonymous'],
    ['at async Charge.run (/var/task/src/charge.js:3:14)', 'charge.js:Charge.run'],
    [undefined, undefined],
    ['', undefined],
  ])('says where %s is, without the line', (frame, said) => {
    expect(frameOf(frame)).toBe(said);
  });
});

const ID = '0198f4e7-7c3a-7b5d-9e21-3f60c1d84a2f';
