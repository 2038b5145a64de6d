import { expect, test } from 'vitest';
import { OrderCancelled, OrderPlaced, openShop, reserving, Stock, StockReserved, takeGoods } from './shop.ts';

const order = (shop: ReturnType<typeof openShop>, orderId: string) =>
  shop.envelopeOf(OrderPlaced, { orderId, sku: 'a', quantity: 1 });

/** A handler that never settles for the orders named `hang`. */
const hanging = reserving(async ({ orderId }, { tx }) => {
  if (orderId === 'hang') await new Promise(() => undefined);
  tx.update(Stock, { sku: 'a' }, { add: { quantity: -1 } });
});

test('a handler that hangs is reported when time is up, and nothing else is', async () => {
  const shop = openShop();
  shop.stock(9);
  const records = ['1', 'hang', '2', 'hang', '3'].map((name) => shop.queued(order(shop, name)));
  const invoked = shop.invoke(hanging, records, { milliseconds: 30_000 });
  await shop.clock.advance(28_000);
  expect(await invoked).toEqual([records[1]?.messageId, records[3]?.messageId]);
  expect([shop.left(), shop.summary().again]).toEqual([6, 2]);
});

test('time is not up before the reserve for reporting: 2 s, and no more than a fifth of the timeout', async () => {
  for (const [timeout, until] of [
    [30_000, 28_000],
    [3_000, 2_400],
  ] as const) {
    const shop = openShop();
    let settled = false;
    const invoked = shop
      .invoke(hanging, [shop.queued(order(shop, 'hang'))], { milliseconds: timeout })
      .then((failed) => {
        settled = true;
        return failed;
      });
    await shop.clock.advance(until - 1);
    expect(settled).toBe(false);
    await shop.clock.advance(1);
    expect(await invoked).toHaveLength(1);
  }
});

test('with no time left nothing is started, and everything is reported to come again at once', async () => {
  for (const milliseconds of [0, -5]) {
    const shop = openShop();
    shop.stock(9);
    const records = ['1', '2'].map((name) => shop.queued(order(shop, name)));
    expect(await shop.invoke(takeGoods, records, { milliseconds })).toEqual(records.map(({ messageId }) => messageId));
    expect(shop.operations()).toEqual(['ChangeMessageVisibilityBatch']);
    expect(shop.queue.messages().every(({ visibleAt }) => visibleAt === shop.clock.now())).toBe(true);
    expect(shop.left()).toBe(9);
  }
});

test('few milliseconds left are no reason to fail the invocation', async () => {
  const shop = openShop();
  shop.stock(9);
  const busy = reserving(async (_, { tx }) => {
    // Real time passes, and none of the invocation's.
    await new Promise((resolve) => setTimeout(resolve, 20));
    tx.update(Stock, { sku: 'a' }, { add: { quantity: -1 } });
  });
  expect(await shop.invoke(busy, [shop.queued(order(shop, '1'))], { milliseconds: 5 })).toEqual([]);
  expect(shop.left()).toBe(8);
});

test('what waits behind handlers that hang is not started', async () => {
  const shop = openShop();
  shop.stock(99);
  const names = [...Array.from({ length: 10 }, () => 'hang'), 'late'];
  const records = names.map((name) => shop.queued(order(shop, name)));
  const invoked = shop.invoke(hanging, records);
  await shop.clock.advance(28_000);
  expect(await invoked).toHaveLength(11);
  expect(shop.left()).toBe(99);
});

test('a handler that commits after its time is found done by the redelivery', async () => {
  const shop = openShop();
  shop.stock(9);
  let finish: () => void = () => undefined;
  const slow = reserving(async (_, { tx }) => {
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    tx.update(Stock, { sku: 'a' }, { add: { quantity: -1 } });
  });
  const message = order(shop, '1');
  const invoked = shop.invoke(slow, [shop.queued(message)]);
  await shop.clock.advance(28_000);
  expect(await invoked).toHaveLength(1);
  finish();
  await shop.clock.advance(0);
  expect(await shop.invoke(slow, [shop.queued(message, { receives: 2 })])).toEqual([]);
  expect([shop.summary().already, shop.left()]).toEqual([1, 8]);
});

test('retries end with the invocation: an undecided commit is left to the redelivery before time is up', async () => {
  const shop = openShop();
  shop.from('TransactWriteItems', () => {
    throw Object.assign(new Error('slow down'), { name: 'ThrottlingException', $fault: 'client', $metadata: {} });
  });
  const started = shop.clock.now();
  expect(await shop.invoke(takeGoods, [shop.queued(order(shop, '1'))], { milliseconds: 10_000 })).toHaveLength(1);
  expect(shop.clock.now() - started).toBeLessThanOrEqual(8_000);
  expect(shop.clock.now() - started).toBeGreaterThan(6_000);
});

test('no message of a handler is committed more than 60 s after its id was minted, however long the invocation may take', async () => {
  const shop = openShop();
  const minted = shop.clock.now();
  let last = 0;
  shop.from('TransactWriteItems', () => {
    last = shop.clock.now();
    throw Object.assign(new Error('slow down'), { name: 'ThrottlingException', $fault: 'client', $metadata: {} });
  });
  const publishing = reserving(({ orderId }, { tx }) => {
    tx.publish(StockReserved, { orderId });
  });
  expect(await shop.invoke(publishing, [shop.queued(order(shop, '1'))], { milliseconds: 900_000 })).toHaveLength(1);
  expect(last - minted).toBeGreaterThan(58_000);
  expect(last - minted).toBeLessThan(60_000);
});

test('no more handlers run at once than the concurrency allows', async () => {
  const shop = openShop();
  let running = 0;
  let most = 0;
  const counting = reserving(async () => {
    running++;
    most = Math.max(most, running);
    await shop.clock.sleep(10);
    running--;
  });
  await shop.invoke(
    counting,
    Array.from({ length: 25 }, (_, index) => shop.queued(order(shop, `${index}`))),
  );
  expect(most).toBe(10);
});

test('on a stream, what is unfinished is parked, what nobody needs is not, and what is malformed is dead-lettered', async () => {
  const shop = openShop();
  shop.stock(9);
  const unfinished = order(shop, '1');
  const records = [
    shop.streamed(unfinished),
    shop.streamed(shop.envelopeOf(OrderCancelled, { orderId: '2' })),
    shop.streamed('no envelope'),
  ];
  expect(await shop.invoke(takeGoods, records, { milliseconds: 0 })).toEqual([]);
  expect(shop.queue.messages().map(({ body }) => JSON.parse(body).id)).toEqual([unfinished.id]);
  expect(await shop.letters()).toMatchObject([{ reason: 'malformed-message' }]);
  expect(shop.summary()).toMatchObject({ unfinished: 1, skipped: 1, dead: 1 });
});

test('the record of a handler that hangs on a stream is parked, so that its shard goes on', async () => {
  const shop = openShop();
  shop.stock(9);
  const stuck = order(shop, 'hang');
  const invoked = shop.invoke(hanging, [shop.streamed(order(shop, '1')), shop.streamed(stuck)]);
  await shop.clock.advance(28_000);
  expect(await invoked).toEqual([]);
  expect(shop.queue.messages().map(({ body }) => JSON.parse(body).id)).toEqual([stuck.id]);
});

test('a handler that hangs is an attempt each time, backs off, and is given up', async () => {
  const shop = openShop();
  const message = order(shop, 'hang');
  const attempts: (string | undefined)[] = [];
  for (let deliveries = 1; deliveries <= 5; deliveries++) {
    const record = shop.queued(message, { receives: deliveries });
    const invoked = shop.invoke(hanging, [record]);
    await shop.clock.advance(28_000);
    const failed = await invoked;
    attempts.push(shop.failures(message.id));
    expect(failed).toEqual(deliveries < 5 ? [record.messageId] : []);
  }
  expect(attempts).toEqual(['1', '2', '3', '4', '5']);
  expect(await shop.letters()).toMatchObject([
    { reason: 'attempts-exhausted', detail: expect.stringContaining('HandlerUnfinished') },
  ]);
});

test('a handler that was started late, and had little time, is no attempt', async () => {
  const shop = openShop();
  shop.stock(9);
  const slow = reserving(async ({ orderId }) => {
    await shop.clock.sleep(orderId === 'late' ? 20_000 : 25_000);
  });
  const records = [...Array.from({ length: 10 }, () => 'first'), 'late'].map((name) => shop.queued(order(shop, name)));
  const invoked = shop.invoke(slow, records);
  await shop.clock.advance(28_000);
  expect(await invoked).toEqual([records[10]?.messageId]);
  expect(shop.summary().unfinished).toBe(1);
});
