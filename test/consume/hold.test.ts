import { expect, test, vi } from 'vitest';
import { toItem } from '../../lib/aws/attribute.ts';
import { inboxKey } from '../../lib/ledger/rows/inbox.ts';
import { createEnvelope } from '../../lib/message/envelope.ts';
import { ORDER, OrderPlaced, openShop, reserving, SHOP_NOW, type Shop, Stock, takeGoods } from './shop.ts';

/** A message of an order that may be handled after so many milliseconds. */
const dueAfter = ({ environment }: Shop, delay: number, orderId = '1') =>
  createEnvelope(
    OrderPlaced,
    { ...ORDER, orderId },
    {
      now: SHOP_NOW,
      random: environment.random,
      shards: 16,
      ledger: 'ledger',
      publisher: 'test',
      deliverAt: SHOP_NOW + delay,
    },
  );

/** A handler that notes when it runs for which order. */
function noting(shop: Shop) {
  const runs: [orderId: string, at: number][] = [];
  const handler = reserving(({ orderId }) => {
    runs.push([orderId, shop.clock.now() - SHOP_NOW]);
  });
  return { runs, handler };
}

/** Milliseconds until each message of the subscriber's queue is visible. */
const hiddenFor = ({ queue, clock }: Shop) => queue.messages().map(({ visibleAt }) => visibleAt - clock.now());

test.each([1, 999, 1_500])('a message that is %d ms early is held, and handled in its moment', async (delay) => {
  for (const transport of ['queued', 'streamed'] as const) {
    const shop = openShop();
    const { runs, handler } = noting(shop);
    expect(await shop.invoke(handler, [shop[transport](dueAfter(shop, delay))])).toEqual([]);
    expect(runs).toEqual([['1', delay]]);
    expect(shop.operations()).toEqual(['PutItem']);
  }
});

test('a timer that rings early makes nothing early', async () => {
  const shop = openShop();
  const { runs, handler } = noting(shop);
  const { sleep } = shop.clock;
  vi.spyOn(shop.environment, 'sleep').mockImplementation((milliseconds, signal) =>
    sleep(signal ? milliseconds : Math.max(1, milliseconds - 3), signal),
  );
  await shop.invoke(handler, [shop.queued(dueAfter(shop, 700))]);
  expect(runs).toEqual([['1', 700]]);
});

test('a message whose moment has passed is handled at once', async () => {
  const shop = openShop();
  const { runs, handler } = noting(shop);
  const message = dueAfter(shop, 700);
  shop.clock.pass(60_000);
  await shop.invoke(handler, [shop.queued(message)]);
  expect(runs).toEqual([['1', 60_000]]);
});

test('a message that is earlier goes back to wait, which is neither an attempt nor a failure', async () => {
  const shop = openShop();
  shop.stock(5);
  const message = dueAfter(shop, 90_700);
  const record = shop.queued(message);
  expect(await shop.invoke(takeGoods, [record])).toEqual([record.messageId]);
  expect(shop.operations()).toEqual(['ChangeMessageVisibilityBatch']);
  expect(hiddenFor(shop)).toEqual([90_000]);
  expect(shop.failures(message.id)).toBeUndefined();
  expect(shop.summary()).toMatchObject({ early: 1 });
  expect(shop.environment.lines.filter(({ level }) => level !== 'info')).toEqual([]);

  shop.clock.pass(90_000);
  expect(await shop.invoke(takeGoods, [shop.queued(message, { receives: 2 })])).toEqual([]);
  expect([shop.left(), shop.clock.now() - SHOP_NOW]).toEqual([3, 90_700]);
});

test('it waits no longer at a time than SQS can hide it', async () => {
  const shop = openShop();
  await shop.invoke(takeGoods, [shop.queued(dueAfter(shop, 3 * 86_400_000))]);
  expect(hiddenFor(shop)).toEqual([11 * 3_600_000]);
});

test('on a stream it is parked in the retry queue, so that its shard goes on', async () => {
  const shop = openShop();
  shop.stock(9);
  const [near, far] = [dueAfter(shop, 90_700), dueAfter(shop, 3_600_000)];
  const records = [shop.streamed(near), shop.streamed(far), shop.streamed(shop.envelopeOf(OrderPlaced, ORDER))];
  expect(await shop.invoke(takeGoods, records)).toEqual([]);
  expect(hiddenFor(shop)).toEqual([90_000, 900_000]);
  expect(shop.summary()).toMatchObject({ early: 2, handled: 1 });
});

test('a batch waits in the order of the moments: nobody waits for one that comes later', async () => {
  const shop = openShop();
  const { runs, handler } = noting(shop);
  // Many more than are handled at once, the latest first, and those that are due at once last of all.
  const delays = [
    ...Array.from({ length: 60 }, (_, index) => 1_500 - index * 25),
    ...Array.from({ length: 20 }, () => 0),
  ];
  const records = delays.map((delay, index) =>
    shop.queued(
      delay === 0 ? shop.envelopeOf(OrderPlaced, { ...ORDER, orderId: `${index}` }) : dueAfter(shop, delay, `${index}`),
    ),
  );
  expect(await shop.invoke(handler, records)).toEqual([]);
  expect(runs).toHaveLength(80);
  for (const [orderId, at] of runs) expect(at).toBe(delays[Number(orderId)]);
});

test('a message is not held beyond the time of its invocation', async () => {
  const shop = openShop();
  const { runs, handler } = noting(shop);
  const record = shop.queued(dueAfter(shop, 1_400));
  expect(await shop.invoke(handler, [record], { milliseconds: 1_000 })).toEqual([record.messageId]);
  expect(runs).toEqual([]);
  expect(hiddenFor(shop)).toEqual([1_000]);
});

test('a message that was taken back is done, at its first delivery and at any other', async () => {
  for (const receives of [1, 2]) {
    const shop = openShop();
    shop.stock(5);
    const message = shop.envelopeOf(OrderPlaced, ORDER);
    const key = toItem(inboxKey('reserve-stock', message.id));
    shop.ledger.write(key, { ...key, state: { S: 'cancelled' } });
    expect(await shop.invoke(takeGoods, [shop.queued(message, { receives })])).toEqual([]);
    expect(shop.summary()).toMatchObject({ already: 1 });
    expect([shop.left(), shop.rows(Stock)[0]?.quantity]).toEqual([5, 5]);
    expect(await shop.letters()).toEqual([]);
  }
});
