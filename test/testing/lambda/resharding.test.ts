import type { DynamoDBStreamEvent } from 'aws-lambda';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { directWire } from '../../../lib/testing/engines/index.ts';
import { bench, data, recording } from './bench.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** A property is tested many times over, however busy the machine is. */
const PATIENCE = MINUTE;

function streamBench(shards: number) {
  const it = bench();
  it.engines.kinesis.createStream({ name: 'sales', shards });
  return it;
}

test('children are read once their parent is handled to its end, however often that fails', async () => {
  const it = streamBench(1);
  await it.put('sales', ['a', 'a1'], ['b', 'b1']);
  await it.reshard('sales', 0);
  await it.put('sales', ['a', 'a2'], ['b', 'b2']);
  const { seen, invoke } = recording(data, (_batch, _event, times) =>
    times <= 3 ? Promise.reject(new Error('no')) : undefined,
  );
  await it.poller([{ kind: 'stream', streamName: 'sales', invoke }]).runUntilIdle();
  const first = ['a1', 'b1'];
  expect(seen.slice(0, 4)).toEqual([first, first, first, first]);
  expect(seen.slice(4).flat().sort()).toEqual(['a2', 'b2']);
});

test('a merged shard waits for both of its parents', async () => {
  const it = streamBench(2);
  // The hash of `a` lies in the lower half, that of `b` in the upper.
  await it.put('sales', ['a', 'a1'], ['b', 'b1']);
  await it.merge('sales', 0);
  await it.put('sales', ['a', 'a2']);
  const { seen, invoke } = recording(data, (batch) =>
    batch.includes('b1') ? Promise.reject(new Error('no')) : undefined,
  );
  const source = it.poller([{ kind: 'stream', streamName: 'sales', invoke, retryAttempts: 6 }]);
  await source.runUntilIdle({ within: '5m' });
  expect(seen.flat().slice(-2)).toEqual(['b1', 'a2']);
  expect(it.discarded).toMatchObject([{ records: 1 }]);
});

test('with LATEST, nothing that was put after the first look is missed in a new shard', async () => {
  const it = streamBench(1);
  await it.put('sales', ['a', 'old']);
  const { seen, invoke } = recording(data);
  const source = it.poller([{ kind: 'stream', streamName: 'sales', invoke, startingPosition: 'LATEST' }]);
  await source.step();
  await it.reshard('sales', 0);
  await it.put('sales', ['a', 'a1'], ['b', 'b1']);
  await source.runUntilIdle();
  expect(seen.flat().sort()).toEqual(['a1', 'b1']);
});

test('what is stuck for longer than the stream keeps it is lost, and what came later goes on', async () => {
  const it = bench();
  it.engines.kinesis.createStream({ name: 'sales', retentionHours: 24 });
  const failures = it.queue();
  await it.put('sales', ['k', 'stuck']);
  const { seen, invoke } = recording(data, (batch) =>
    batch.includes('stuck') ? Promise.reject(new Error('no')) : undefined,
  );
  const onFailure = { kind: 'queue', queueUrl: failures.url } as const;
  const source = it.poller(
    [{ kind: 'stream', streamName: 'sales', invoke, batchSize: 1, retention: 24 * HOUR, onFailure }],
    { interval: MINUTE, retryDelay: () => 10 * MINUTE },
  );
  source.start();
  await it.clock.sleep(12 * HOUR);
  await it.put('sales', ['k', 'later']);
  await it.clock.sleep(11 * HOUR);
  expect(seen.flat()).not.toContain('later');
  await it.clock.sleep(2 * HOUR);
  await source.stop();
  expect(seen.flat().at(-1)).toBe('later');
  expect(it.discarded).toEqual([{ source: 'sales', records: 1, condition: 'RecordExpired' }]);
  expect(failures.messages()).toEqual([]);
});

test('a closed shard that the stream has forgotten before it was read keeps its children from nothing', async () => {
  const it = bench();
  it.engines.kinesis.createStream({ name: 'sales', retentionHours: 24 });
  const { seen, invoke } = recording(data, (batch) =>
    batch.includes('stuck') ? Promise.reject(new Error('no')) : undefined,
  );
  const source = it.poller([{ kind: 'stream', streamName: 'sales', invoke, batchSize: 1, retention: 24 * HOUR }], {
    interval: MINUTE,
    retryDelay: () => 10 * MINUTE,
  });
  await it.put('sales', ['a', 'stuck'], ['a', 'unread']);
  await it.reshard('sales', 0);
  source.start();
  await it.clock.sleep(25 * HOUR);
  await it.put('sales', ['a', 'a1'], ['b', 'b1']);
  await it.clock.sleep(HOUR);
  await source.stop();
  expect(seen.flat().slice(-2).sort()).toEqual(['a1', 'b1']);
  expect(seen.flat()).not.toContain('unread');
  expect(it.discarded).toMatchObject([{ condition: 'RecordExpired' }]);
});

test('a table stream forgets what is older than it keeps', async () => {
  const it = bench();
  it.write('ledger', 'old');
  it.clock.pass(23 * HOUR);
  it.write('ledger', 'young');
  it.clock.pass(HOUR);
  const { seen, invoke } = recording((event) => (event as DynamoDBStreamEvent).Records[0]?.dynamodb?.Keys?.pk?.S);
  const clients = {
    sqs: it.engines.sqs.client(),
    kinesis: async () => it.engines.kinesis.client(),
    s3: async () => it.engines.s3.client(),
    tableStreams: it.engines.dynamodb.streamsClient(directWire, { retentionHours: 24 }),
  };
  await it.poller([{ kind: 'table', streamArn: it.arnOf('ledger'), invoke }], { clients }).runUntilIdle();
  expect(seen).toEqual(['young']);
});

type Step =
  | { readonly kind: 'put'; readonly key: string }
  | { readonly kind: 'split' | 'merge'; readonly nth: number }
  | { readonly kind: 'wait' };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('put' as const), key: fc.constantFrom(...'abcdef') }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('split' as const, 'merge' as const), nth: fc.nat(7) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const) }) },
  ),
  { maxLength: 40, size: 'max' },
);

test(
  'whatever is split, merged and failed, the records of each key are handled in their order, and all of them',
  async () => {
    const plans = fc.record({
      steps,
      shards: fc.integer({ min: 1, max: 3 }),
      batchSize: fc.integer({ min: 1, max: 5 }),
      parallelizationFactor: fc.integer({ min: 1, max: 3 }),
      failures: fc.array(fc.boolean(), { maxLength: 20, size: 'max' }),
    });
    await fc.assert(
      fc.asyncProperty(plans, async ({ steps: all, shards, batchSize, parallelizationFactor, failures }) => {
        const it = streamBench(shards);
        const left = [...failures];
        const done: string[] = [];
        const invoke = async (event: object) => {
          await it.clock.sleep(50);
          if (left.shift()) throw new Error('no');
          done.push(...data(event));
        };
        const source = it.poller([{ kind: 'stream', streamName: 'sales', invoke, batchSize, parallelizationFactor }]);
        source.start();
        const put: string[] = [];
        for (const step of all) {
          if (step.kind === 'put') {
            put.push(`${step.key}${String(put.length).padStart(3, '0')}`);
            await it.put('sales', [step.key, put.at(-1) ?? '']);
          }
          if (step.kind === 'split') await it.reshard('sales', step.nth);
          if (step.kind === 'merge') await it.merge('sales', step.nth);
          if (step.kind === 'wait') await it.clock.sleep(150);
        }
        for (let tries = 0; tries < 200 && done.length < put.length; tries++) await it.clock.sleep(10_000);
        await source.stop();
        for (const key of 'abcdef') {
          const ofKey = (text: string) => text.startsWith(key);
          expect(done.filter(ofKey)).toEqual(put.filter(ofKey));
        }
      }),
      { numRuns: 25 },
    );
  },
  PATIENCE,
);
