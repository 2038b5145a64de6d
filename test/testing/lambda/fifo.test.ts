import { SendMessageCommand } from '@aws-sdk/client-sqs';
import type { SQSEvent } from 'aws-lambda';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InvalidMapping } from '../../../lib/testing/lambda/index.ts';
import { bench, bodies, recording } from './bench.ts';

/** A property is tested many times over, however busy the machine is. */
const PATIENCE = 60_000;

function fifoBench(options = {}) {
  const it = bench();
  const queue = it.engines.sqs.createQueue({ name: 'orders.fifo', ...options });
  const sqs = it.engines.sqs.client();
  let sent = 0;
  return {
    ...it,
    queue,
    /** Sends messages named by their group: `a1`, `a2`, `b1`. */
    send: async (...all: readonly string[]) => {
      for (const MessageBody of all) {
        sent += 1;
        await sqs.send(
          new SendMessageCommand({
            QueueUrl: queue.url,
            MessageBody,
            MessageGroupId: MessageBody.slice(0, 1),
            MessageDeduplicationId: String(sent),
          }),
        );
      }
    },
  };
}

/** Reports these and, as a function of a FIFO queue must, whatever follows them in their groups. */
const reporting = (event: object, isFailed: (body: string) => boolean) => {
  const stuck = new Set<string | undefined>();
  const failed = (event as SQSEvent).Records.filter(({ body, attributes }) => {
    if (isFailed(body)) stuck.add(attributes.MessageGroupId);
    return stuck.has(attributes.MessageGroupId);
  });
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
};

const mapping = (it: { readonly queue: { readonly url: string } }, invoke: (event: object) => Promise<unknown>) =>
  ({ kind: 'queue', queueUrl: it.queue.url, invoke, reportBatchItemFailures: true }) as const;

test('a batch holds messages of several groups, each in its order', async () => {
  const it = fifoBench();
  await it.send('a1', 'b1', 'a2', 'b2');
  const { seen, invoke } = recording((event) => (event as SQSEvent).Records);
  await it.poller([mapping(it, invoke)]).runUntilIdle();
  expect(seen.map((records) => records.map(({ body }) => body))).toEqual([['a1', 'a2', 'b1', 'b2']]);
  expect(seen[0]?.[0]?.attributes).toMatchObject({
    MessageGroupId: 'a',
    MessageDeduplicationId: '1',
    SequenceNumber: expect.stringMatching(/^\d{20}$/),
  });
});

test('what failed of a group is handled again before what came later, while other groups go on', async () => {
  const it = fifoBench({ visibilityTimeout: 45 });
  await it.send('a1', 'b1', 'a2');
  let failures = 1;
  const { seen, invoke } = recording(bodies, (_, event) => reporting(event, (body) => body === 'a1' && failures-- > 0));
  const source = it.poller([mapping(it, invoke)]);
  await source.step();
  await it.send('a3', 'b2');
  await source.runUntilIdle();
  expect(seen).toEqual([['a1', 'a2', 'b1'], ['b2'], ['a1', 'a2', 'a3']]);
});

test('a function that reports only what failed overtakes it by what came after: order is its own to keep', async () => {
  const it = fifoBench();
  await it.send('a1', 'a2');
  let failures = 1;
  const { seen, invoke } = recording(bodies, (_, event) => ({
    batchItemFailures: (event as SQSEvent).Records.filter(({ body }) => body === 'a1' && failures-- > 0).map(
      ({ messageId }) => ({ itemIdentifier: messageId }),
    ),
  }));
  await it.poller([mapping(it, invoke)]).runUntilIdle();
  expect(seen).toEqual([['a1', 'a2'], ['a1']]);
});

test('after an error all of the batch comes again, and nothing of its groups before it', async () => {
  const it = fifoBench();
  await it.send('a1', 'a2', 'b1');
  const { seen, invoke } = recording(bodies, (_, _event, times) =>
    times === 1 ? Promise.reject(new Error('no')) : undefined,
  );
  const source = it.poller([mapping(it, invoke)]);
  await source.step();
  await it.send('a3', 'c1');
  await source.runUntilIdle();
  expect(seen).toEqual([['a1', 'a2', 'b1'], ['c1'], ['a1', 'a2', 'a3', 'b1']]);
});

test('as many batches run at once as there are groups, and never two of one group', async () => {
  const it = fifoBench();
  await it.send(...'abc'.split('').flatMap((group) => [1, 2, 3, 4].map((n) => `${group}${n}`)));
  const running = new Map<string, number>();
  let most = 0;
  const order: string[] = [];
  const invoke = async (event: object) => {
    const groups = new Set(bodies(event).map((body) => body.slice(0, 1)));
    for (const group of groups) running.set(group, (running.get(group) ?? 0) + 1);
    expect([...running.values()].every((count) => count <= 1)).toBe(true);
    most = Math.max(most, [...running.values()].filter((count) => count > 0).length);
    await it.clock.sleep(1_000);
    for (const group of groups) running.set(group, 0);
    order.push(...bodies(event));
  };
  const source = it.poller([{ ...mapping(it, invoke), batchSize: 2 }]);
  source.start();
  await it.clock.sleep(20_000);
  await source.stop();
  expect(most).toBe(3);
  for (const group of ['a', 'b', 'c']) {
    expect(order.filter((body) => body.startsWith(group))).toEqual([1, 2, 3, 4].map((n) => `${group}${n}`));
  }
});

test('a batch that outlasts the visibility timeout comes again, though its function has succeeded', async () => {
  const it = fifoBench({ visibilityTimeout: 10 });
  await it.send('a1');
  const { seen, invoke } = recording(bodies, (_, _event, times) => (times === 1 ? it.clock.sleep(11_000) : undefined));
  await it.poller([mapping(it, invoke)]).runUntilIdle();
  expect(seen).toEqual([['a1'], ['a1']]);
  expect(it.troubles).toMatchObject([{ step: 'delete', error: { Code: 'InvalidParameterValue' } }]);
});

test.each([
  ['eleven messages', { batchSize: 11, maxBatchingWindow: 1_000 }],
  ['a window', { maxBatchingWindow: 1_000 }],
])('%s are refused, as Lambda does', (_, more) => {
  const it = fifoBench();
  expect(() => it.poller([{ ...mapping(it, async () => undefined), ...more }])).toThrow(InvalidMapping);
});

/** Handles all there is, failing where `isFailed` says so; answers with what succeeded, in that order. */
async function handled(it: ReturnType<typeof fifoBench>, batchSize: number, isFailed: () => boolean) {
  const done: string[] = [];
  const invoke = async (event: object) => {
    await it.clock.sleep(100);
    const report = reporting(event, isFailed);
    const failed = new Set(report.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    const { Records } = event as SQSEvent;
    done.push(...Records.filter(({ messageId }) => !failed.has(messageId)).map(({ body }) => body));
    return report;
  };
  const source = it.poller([{ ...mapping(it, invoke), batchSize }]);
  source.start();
  for (let minutes = 0; minutes < 600 && it.queue.messages().length > 0; minutes++) await it.clock.sleep(60_000);
  await source.stop();
  return done;
}

test(
  'whatever fails, each group takes effect in its order, and all of it',
  async () => {
    const plans = fc.record({
      groups: fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 25, size: 'max' }),
      batchSize: fc.integer({ min: 1, max: 10 }),
      failures: fc.array(fc.boolean(), { maxLength: 40, size: 'max' }),
    });
    await fc.assert(
      fc.asyncProperty(plans, async ({ groups, batchSize, failures }) => {
        const it = fifoBench({ visibilityTimeout: 30 });
        const bodiesSent = groups.map((group, index) => `${group}${String(index).padStart(3, '0')}`);
        await it.send(...bodiesSent);
        const left = [...failures];
        const done = await handled(it, batchSize, () => left.shift() ?? false);
        for (const group of ['a', 'b', 'c']) {
          const ofGroup = (body: string) => body.startsWith(group);
          expect(done.filter(ofGroup)).toEqual(bodiesSent.filter(ofGroup));
        }
      }),
      { numRuns: 20 },
    );
  },
  PATIENCE,
);
