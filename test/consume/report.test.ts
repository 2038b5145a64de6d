import { expect, test } from 'vitest';
import type { Environment } from '../../lib/aws/environment.ts';
import { BINDINGS } from '../../lib/contract/bindings.ts';
import { Rejected } from '../../lib/contract/errors.ts';
import { lambdaContext } from '../../lib/testing/lambda/lambda-event.ts';
import { ORDER, OrderPlaced, openShop, refusedBy, replyLost, reserving, Stock, takeGoods } from './shop.ts';

const failing = reserving(() => {
  throw new Error('not now');
});

test('the failure row says what went wrong and when the message comes again', async () => {
  const shop = openShop();
  const message = shop.envelopeOf(OrderPlaced, ORDER);
  await shop.invoke(failing, [shop.queued(message, { receives: 4 })]);
  const [row] = shop.written();
  expect(row).toMatchObject({
    sk: message.id,
    attempts: 1,
    reason: 'Error',
    detail: 'Error: not now',
    next: shop.clock.now(),
    ttl: Math.ceil(Date.parse(message.expires) / 1000) + 3 * 86_400,
  });
});

test('many failures are reported, and their visibility is changed in batches of ten', async () => {
  const shop = openShop();
  const records = Array.from({ length: 25 }, () => shop.queued(shop.envelopeOf(OrderPlaced, ORDER)));
  expect(await shop.invoke(failing, records)).toEqual(records.map(({ messageId }) => messageId));
  expect(shop.operations().filter((one) => one === 'ChangeMessageVisibilityBatch')).toHaveLength(3);
});

test('a visibility that could not be changed is only logged: the message comes back by its timeout', async () => {
  const shop = openShop();
  shop.from('ChangeMessageVisibilityBatch', refusedBy('ServiceUnavailable', 'server'));
  const record = shop.queued(shop.envelopeOf(OrderPlaced, ORDER));
  expect(await shop.invoke(failing, [record])).toEqual([record.messageId]);
  expect(shop.environment.lines).toContainEqual(
    expect.objectContaining({ level: 'warn', message: 'visibility unchanged' }),
  );
});

test('what fails on a stream is parked in the retry queue with its rest, and its shard goes on', async () => {
  const shop = openShop();
  const message = shop.envelopeOf(OrderPlaced, ORDER);
  expect(await shop.invoke(failing, [shop.streamed(message)])).toEqual([]);
  const [parked] = shop.queue.messages();
  expect(JSON.parse(parked?.body ?? '')).toEqual(message);
  expect((parked?.visibleAt ?? 0) - shop.clock.now()).toBe(0);
});

test('a failure that is parked from a stream is handled from the queue', async () => {
  const shop = openShop();
  shop.stock(5);
  await shop.invoke(failing, [shop.streamed(shop.envelopeOf(OrderPlaced, ORDER))]);
  const [parked] = shop.queue.messages();
  await shop.invoke(takeGoods, [shop.queued(parked?.body ?? '')]);
  expect(shop.left()).toBe(3);
});

test('a stream batch comes again when parking fails, and what ended stays ended', async () => {
  const shop = openShop();
  shop.stock(5);
  let fails = true;
  const handler = reserving(({ orderId }, { tx }) => {
    if (fails && orderId === '2') throw new Error('not now');
    tx.update(Stock, { sku: 'a' }, { add: { quantity: -1 } });
  });
  const batch = ['1', '2'].map((orderId) => shop.streamed(shop.envelopeOf(OrderPlaced, { ...ORDER, orderId })));
  shop.from('SendMessageBatch', refusedBy('ServiceUnavailable', 'server'));
  await expect(shop.invoke(handler, batch)).rejects.toMatchObject({
    code: 'send-failed',
    message: expect.stringMatching(/^\d of \d records could not be parked: \w+/),
  });
  expect(shop.left()).toBe(4);
  shop.from('SendMessageBatch', undefined);
  fails = false;
  expect(await shop.invoke(handler, batch)).toEqual([]);
  expect(shop.left()).toBe(3);
});

test('parking whose reply was lost parks twice at worst, and takes effect once', async () => {
  const shop = openShop();
  shop.stock(5);
  shop.next('SendMessageBatch', replyLost);
  await shop.invoke(failing, [shop.streamed(shop.envelopeOf(OrderPlaced, ORDER))]);
  const bodies = shop.queue.messages().map(({ body }) => body);
  expect(bodies).toHaveLength(2);
  await shop.invoke(
    takeGoods,
    bodies.map((body) => shop.queued(body)),
  );
  expect(shop.left()).toBe(3);
});

test('one line sums an invocation up: what became of the records, and what it cost', async () => {
  const shop = openShop();
  shop.stock(9);
  const message = shop.envelopeOf(OrderPlaced, ORDER);
  await shop.invoke(takeGoods, [shop.queued(message), shop.queued(message), shop.queued('garbage')]);
  const lines = shop.environment.lines.filter(({ message: line }) => line === 'batch');
  expect(lines).toHaveLength(1);
  expect(lines[0]?.fields).toMatchObject({
    subscriber: 'reserve-stock',
    request: 'request-1',
    records: 3,
    handled: 1,
    already: 1,
    dead: 1,
    calls: { TransactWriteItems: 2, SendMessageBatch: 1, PutItem: 1, UpdateItem: 1 },
    // The copy's transaction is refused, and billed like the other.
    writeUnits: 10,
    milliseconds: 0,
  });
  expect(shop.environment.counted).toMatchObject({ 'batch.handled': 1, 'batch.already': 1, 'batch.dead': 1 });
});

const MARKER = 'secret-4711';

/** Ways for a handler to end that tempt to log what it was given. */
const ENDS: Readonly<Record<string, () => void>> = {
  'it is handled': () => undefined,
  'an error quotes it': () => {
    throw new Error(`bad card ${MARKER}`);
  },
  'an error has it on a line that looks like a frame': () => {
    throw new Error(`bad card\n    at ${MARKER} (/${MARKER}.ts:1:2)\n    at ${MARKER}`);
  },
  'an error whose message was changed afterwards has it': () => {
    const error = new Error(`bad card\n    at ${MARKER}`);
    // Whoever has looked at the stack has fixed it as it was.
    expect(error.stack).toContain(MARKER);
    error.message = 'bad card';
    throw error;
  },
  'it is rejected for it': () => {
    throw new Rejected(`no ${MARKER}`);
  },
  'something is thrown that is no error': () => {
    throw MARKER;
  },
};

test.each(Object.entries(ENDS))('no log line holds the payload when %s', async (_, end) => {
  const shop = openShop();
  const message = shop.envelopeOf(OrderPlaced, { orderId: MARKER, sku: MARKER, quantity: 2 });
  const invalid = { ...message, data: { orderId: MARKER, sku: 5, quantity: MARKER } };
  const handler = reserving((order, { tx }) => {
    tx.update(Stock, { sku: order.sku }, { set: { note: MARKER } });
    end();
  });
  const records = [
    shop.queued(message),
    shop.queued(invalid),
    shop.queued(`{"${MARKER}":`),
    shop.streamed(`"${MARKER}"`),
  ];
  await shop.invoke(handler, records);
  shop.from('TransactWriteItems', refusedBy('ValidationException'));
  await shop.invoke(handler, [shop.queued(shop.envelopeOf(OrderPlaced, { orderId: MARKER, sku: 'a', quantity: 2 }))]);
  expect(shop.environment.lines.length).toBeGreaterThan(2);
  expect(JSON.stringify(shop.environment.lines)).not.toContain(MARKER);
});

test('a log that throws loses no message', async () => {
  const shop = openShop();
  shop.stock(5);
  const broken: Environment = {
    ...shop.environment,
    log: { ...shop.environment.log, info: () => expect.fail('the disk is full') },
    metrics: { count: () => expect.fail('no metrics'), flush: () => undefined },
  };
  const handle = takeGoods as unknown as (event: object, context: object, options: object) => Promise<unknown>;
  const event = { Records: [shop.queued(shop.envelopeOf(OrderPlaced, ORDER))] };
  expect(await handle(event, lambdaContext(broken, 'r', 30_000), {})).toEqual({ batchItemFailures: [] });
  expect(shop.left()).toBe(3);
});

test.each([
  [BINDINGS.ledger, 'Subscriber'],
  [BINDINGS.shards, 'Subscriber'],
  [BINDINGS.queueUrl, 'Subscriber'],
  [BINDINGS.deadLetterQueueUrl, 'Subscriber'],
  [BINDINGS.quarantineBucket, 'Subscriber'],
])('a function without %s fails before it handles anything, and says what to do', async (variable, mend) => {
  const shop = openShop({ variables: { [variable]: undefined } });
  const invoked = shop.invoke(takeGoods, [shop.queued(shop.envelopeOf(OrderPlaced, ORDER))]);
  await expect(invoked).rejects.toMatchObject({ code: 'missing-binding' });
  await expect(invoked).rejects.toThrow(mend);
  await expect(invoked).rejects.toThrow(variable);
  expect(shop.calls).toEqual([]);
});

test('a function without a table of its subscriber fails before it handles anything, naming the table', async () => {
  const shop = openShop();
  const { tableName: _, ...unbound } = shop.environment;
  const handle = takeGoods as unknown as (event: object, context: object, options: object) => Promise<unknown>;
  const event = { Records: [shop.queued(shop.envelopeOf(OrderPlaced, ORDER))] };
  const invoked = handle(event, lambdaContext(unbound, 'r', 30_000), {});
  await expect(invoked).rejects.toMatchObject({ code: 'missing-binding' });
  await expect(invoked).rejects.toThrow("bind the table 'stock'");
  expect(shop.calls).toEqual([]);
});
