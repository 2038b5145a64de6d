import type { SQSEvent } from 'aws-lambda';
import { describe, expect, test } from 'vitest';
import { InvalidMapping, SourcesBusy } from '../../../lib/testing/lambda/index.ts';
import { bench, bodies, recording } from './bench.ts';

const failing =
  (...failed: readonly string[]) =>
  (_: unknown, event: object) => ({
    batchItemFailures: (event as SQSEvent).Records.filter(({ body }) => failed.includes(body)).map(({ messageId }) => ({
      itemIdentifier: messageId,
    })),
  });

const many = (count: number) => Array.from({ length: count }, (_, index) => `m${index}`);

test('a batch that succeeds is deleted, and handled once', async () => {
  const { queue, send, poller } = bench();
  const orders = queue();
  await send(orders.url, 'a', 'b');
  const { seen, invoke } = recording(bodies);
  await poller([{ kind: 'queue', queueUrl: orders.url, invoke }]).runUntilIdle();
  expect(seen).toEqual([['a', 'b']]);
  expect(orders.messages()).toEqual([]);
});

test('records come as Lambda gives them', async () => {
  const { queue, send, poller } = bench();
  const orders = queue({ name: 'orders' });
  await send(orders.url, 'a');
  const { seen, invoke } = recording((event) => (event as SQSEvent).Records[0]);
  await poller([{ kind: 'queue', queueUrl: orders.url, invoke }]).step();
  expect(seen[0]).toMatchObject({
    body: 'a',
    eventSource: 'aws:sqs',
    eventSourceARN: expect.stringMatching(/:orders$/),
    attributes: { ApproximateReceiveCount: '1', SentTimestamp: expect.any(String) },
    messageAttributes: {},
    receiptHandle: expect.any(String),
    messageId: expect.any(String),
  });
});

test('only what succeeded of a batch is deleted; what failed comes again after its visibility timeout', async () => {
  const { queue, send, poller, clock } = bench();
  const orders = queue({ visibilityTimeout: 45 });
  await send(orders.url, 'a', 'b', 'c');
  const began = clock.now();
  let calls = 0;
  const { seen, invoke } = recording(bodies, (_, event) => {
    calls += 1;
    return calls === 1 ? failing('b')(_, event) : undefined;
  });
  await poller([{ kind: 'queue', queueUrl: orders.url, invoke, reportBatchItemFailures: true }]).runUntilIdle();
  expect(seen).toEqual([['a', 'b', 'c'], ['b']]);
  expect(clock.now() - began).toBeGreaterThanOrEqual(45_000);
});

describe('all of a batch comes again', () => {
  test.each([
    ['the function throws', () => Promise.reject(new Error('no')), true],
    [
      'the answer names a record that is not in the batch',
      () => ({ batchItemFailures: [{ itemIdentifier: 'x' }] }),
      true,
    ],
    ['the answer names no record', () => ({ batchItemFailures: [{ itemIdentifier: '' }] }), true],
    ['an identifier is null', () => ({ batchItemFailures: [{ itemIdentifier: null }] }), true],
    ['an identifier has another key', () => ({ batchItemFailures: [{ id: 'a' }] }), true],
    ['the answer is a text', () => 'all is well', true],
    ['the failures are no list', () => ({ batchItemFailures: 'b' }), true],
  ])('where %s', async (_, reply, reportBatchItemFailures) => {
    const { queue, send, poller } = bench();
    const orders = queue();
    await send(orders.url, 'a', 'b');
    const { seen, invoke } = recording(bodies, (_batch, _event, times) => (times === 1 ? reply() : undefined));
    await poller([{ kind: 'queue', queueUrl: orders.url, invoke, reportBatchItemFailures }]).runUntilIdle();
    expect(seen).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ]);
  });
});

describe('all of a batch has succeeded', () => {
  test.each([
    ['nothing', undefined],
    ['null', null],
    ['an empty object', {}],
    ['no failures', { batchItemFailures: [] }],
    ['null for the failures', { batchItemFailures: null }],
  ])('where the function returns %s', async (_, answer) => {
    const { queue, send, poller } = bench();
    const orders = queue();
    await send(orders.url, 'a');
    const { seen, invoke } = recording(bodies, () => answer);
    await poller([{ kind: 'queue', queueUrl: orders.url, invoke, reportBatchItemFailures: true }]).runUntilIdle();
    expect(seen).toEqual([['a']]);
  });

  test('where failures are reported but the mapping does not ask for them', async () => {
    const { queue, send, poller } = bench();
    const orders = queue();
    await send(orders.url, 'a', 'b');
    const { seen, invoke } = recording(bodies, failing('b'));
    await poller([{ kind: 'queue', queueUrl: orders.url, invoke }]).runUntilIdle();
    expect(seen).toEqual([['a', 'b']]);
  });
});

test('a message that is received too often goes where its queue sends it', async () => {
  const { queue, send, poller, engines } = bench();
  const backstop = engines.sqs.createQueue({ name: 'backstop' });
  const orders = queue({ deadLetter: { queue: backstop, maxReceiveCount: 3 } });
  await send(orders.url, 'poison', 'good');
  const { seen, invoke } = recording(bodies, failing('poison'));
  const rescued = recording(bodies);
  await poller([
    { kind: 'queue', queueUrl: orders.url, invoke, reportBatchItemFailures: true },
    { kind: 'queue', queueUrl: backstop.url, invoke: rescued.invoke },
  ]).runUntilIdle({ within: '5m' });
  expect(seen).toEqual([['poison', 'good'], ['poison'], ['poison']]);
  expect(rescued.seen).toEqual([['poison']]);
});

test('a batch has at most as many records as it may', async () => {
  const { queue, send, poller } = bench();
  const orders = queue();
  await send(orders.url, ...many(23));
  const { seen, invoke } = recording(bodies);
  await poller([{ kind: 'queue', queueUrl: orders.url, invoke, batchSize: 4 }]).runUntilIdle();
  expect(seen.map(({ length }) => length)).toEqual([4, 4, 4, 4, 4, 3]);
});

test('with a window, a batch is larger than what a receive brings', async () => {
  const { queue, send, poller } = bench();
  const orders = queue();
  await send(orders.url, ...many(23));
  const { seen, invoke } = recording(bodies);
  await poller([
    { kind: 'queue', queueUrl: orders.url, invoke, batchSize: 20, maxBatchingWindow: 1_000 },
  ]).runUntilIdle();
  expect(seen.map(({ length }) => length)).toEqual([20, 3]);
});

test('a batch waits for its window to fill', async () => {
  const { queue, send, poller, clock } = bench();
  const orders = queue();
  await send(orders.url, 'early');
  const { seen, invoke } = recording(bodies);
  const step = poller([{ kind: 'queue', queueUrl: orders.url, invoke, maxBatchingWindow: 5_000 }]).step();
  await clock.sleep(3_000);
  await send(orders.url, 'late');
  await step;
  expect(seen).toEqual([['early', 'late']]);
});

test('what no filter matches is deleted, and nobody sees it', async () => {
  const { queue, send, poller } = bench();
  const orders = queue();
  await send(orders.url, '{"type":"a"}', '{"type":"b"}', 'no JSON');
  const { seen, invoke } = recording(bodies);
  const filters = [{ body: { type: ['a'] } }];
  await poller([{ kind: 'queue', queueUrl: orders.url, invoke, filters }]).runUntilIdle();
  expect(seen).toEqual([['{"type":"a"}']]);
  expect(orders.messages()).toEqual([]);
});

test('a filter that is not known is refused', async () => {
  const { queue, send, poller } = bench();
  const orders = queue();
  await send(orders.url, '{"type":"a"}');
  const filters = [{ body: { type: [{ like: 'a' }] } }];
  const { invoke } = recording(bodies);
  await expect(poller([{ kind: 'queue', queueUrl: orders.url, invoke, filters }]).step()).rejects.toThrow(
    InvalidMapping,
  );
  expect(orders.messages()).toHaveLength(1);
});

test('a queue that cannot be reached is asked again, and the trouble is told', async () => {
  let broken = true;
  const { queue, send, poller, troubles } = bench({
    wire: async ({ operation }, apply) => {
      if (operation === 'ReceiveMessage' && broken) throw Object.assign(new Error('reset'), { name: 'TimeoutError' });
      return apply();
    },
  });
  const orders = queue();
  await send(orders.url, 'a');
  const { seen, invoke } = recording(bodies);
  const source = poller([{ kind: 'queue', queueUrl: orders.url, invoke, name: 'orders' }]);
  await source.step();
  expect(troubles).toMatchObject([{ source: 'orders', step: 'receive', error: { name: 'TimeoutError' } }]);
  broken = false;
  await source.runUntilIdle();
  expect(seen).toEqual([['a']]);
});

test('what could not be deleted comes again', async () => {
  let losses = 1;
  const { queue, send, poller, troubles } = bench({
    wire: async ({ operation }, apply) => {
      if (operation === 'DeleteMessageBatch' && losses-- > 0) throw new Error('lost');
      return apply();
    },
  });
  const orders = queue();
  await send(orders.url, 'a');
  const { seen, invoke } = recording(bodies);
  await poller([{ kind: 'queue', queueUrl: orders.url, invoke }]).runUntilIdle();
  expect(seen).toEqual([['a'], ['a']]);
  expect(troubles).toMatchObject([{ step: 'delete' }]);
});

test('it is not idle while a message is in flight or delayed, and says what is left when its time is up', async () => {
  const { queue, send, poller } = bench();
  const orders = queue({ delaySeconds: 30 });
  await send(orders.url, 'later');
  const { seen, invoke } = recording(bodies);
  const source = poller([{ kind: 'queue', queueUrl: orders.url, invoke }]);
  const busy = source.runUntilIdle({ within: '10s' });
  await expect(busy).rejects.toThrow(SourcesBusy);
  await expect(busy).rejects.toThrow('queue-1 (1 messages)');
  await source.runUntilIdle({ within: '60s' });
  expect(seen).toEqual([['later']]);
});

test('between start and stop, as many batches are handled at once as may be, and no more', async () => {
  const { queue, send, poller, clock } = bench();
  const orders = queue();
  await send(orders.url, ...many(12));
  let now = 0;
  let most = 0;
  let handled = 0;
  const invoke = async (event: object) => {
    now += 1;
    most = Math.max(most, now);
    await clock.sleep(1_000);
    now -= 1;
    handled += bodies(event).length;
  };
  const source = poller([{ kind: 'queue', queueUrl: orders.url, invoke, batchSize: 2, maxConcurrency: 3 }]);
  source.start();
  await clock.sleep(2_500);
  await source.stop();
  expect({ most, handled, left: orders.messages().length, running: now }).toEqual({
    most: 3,
    handled: 12,
    left: 0,
    running: 0,
  });
});

test('each invocation is told with the records that failed', async () => {
  const { queue, send, poller, invocations } = bench();
  const orders = queue();
  await send(orders.url, 'a', 'b', 'c');
  const { invoke } = recording(bodies, failing('b', 'c'));
  await poller([{ kind: 'queue', queueUrl: orders.url, invoke, reportBatchItemFailures: true }]).step();
  expect(invocations).toEqual([{ source: 'queue-1', records: 3, failed: 2 }]);
});
