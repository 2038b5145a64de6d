import { GetRecordsCommand, type KinesisClient } from '@aws-sdk/client-kinesis';
import type { DynamoDBStreamEvent } from 'aws-lambda';
import { describe, expect, test } from 'vitest';
import type { Sender } from '../../../lib/aws/environment.ts';
import { bench, data, recording } from './bench.ts';

const HOUR = 3_600_000;
const numbered = (count: number, key = 'k') => Array.from({ length: count }, (_, index) => [key, `r${index}`] as const);
const failAll = () => Promise.reject(new Error('no'));

function streamBench(shards = 1) {
  const it = bench();
  it.engines.kinesis.createStream({ name: 'sales', shards });
  return it;
}

describe('a stream', () => {
  test('is read from its oldest record, in order, in batches of at most their size', async () => {
    const { put, poller } = streamBench();
    await put('sales', ...numbered(7));
    const { seen, invoke } = recording(data);
    await poller([{ kind: 'stream', streamName: 'sales', invoke, batchSize: 3 }]).runUntilIdle();
    expect(seen).toEqual([['r0', 'r1', 'r2'], ['r3', 'r4', 'r5'], ['r6']]);
  });

  test('with LATEST is read from what comes next', async () => {
    const { put, poller } = streamBench();
    await put('sales', ['k', 'old']);
    const { seen, invoke } = recording(data);
    const source = poller([{ kind: 'stream', streamName: 'sales', invoke, startingPosition: 'LATEST' }]);
    await source.step();
    await put('sales', ['k', 'new']);
    await source.runUntilIdle();
    expect(seen).toEqual([['new']]);
  });

  test('gives records as Lambda does', async () => {
    const { put, poller, clock } = streamBench();
    await put('sales', ['key', 'hello']);
    const { seen, invoke } = recording((event) => (event as { Records: unknown[] }).Records[0]);
    await poller([{ kind: 'stream', streamName: 'sales', invoke }]).step();
    expect(seen[0]).toMatchObject({
      eventSource: 'aws:kinesis',
      eventName: 'aws:kinesis:record',
      eventID: expect.stringMatching(/^shardId-000000000000:495/),
      kinesis: { partitionKey: 'key', data: 'aGVsbG8=', approximateArrivalTimestamp: clock.now() / 1000 },
    });
  });

  test('a batch that fails is tried again until it succeeds, and what follows waits for it', async () => {
    const { put, poller } = streamBench();
    await put('sales', ...numbered(4));
    const { seen, invoke } = recording(data, (_batch, _event, times) => (times <= 3 ? failAll() : undefined));
    await poller([{ kind: 'stream', streamName: 'sales', invoke, batchSize: 2 }]).runUntilIdle();
    expect(seen).toEqual([
      ['r0', 'r1'],
      ['r0', 'r1'],
      ['r0', 'r1'],
      ['r0', 'r1'],
      ['r2', 'r3'],
    ]);
  });

  test('another shard does not wait for a batch that fails', async () => {
    const { put, poller } = streamBench(2);
    await put('sales', ['a', 'poison'], ['b', 'good']);
    const { seen, invoke } = recording(data, (batch) => (batch.includes('poison') ? failAll() : undefined));
    const source = poller([{ kind: 'stream', streamName: 'sales', invoke }]);
    await source.step();
    await expect(source.runUntilIdle({ within: '5s' })).rejects.toThrow('sales (1 records)');
    expect(seen.filter((batch) => batch.includes('good'))).toEqual([['good']]);
    expect(seen.filter((batch) => batch.includes('poison')).length).toBeGreaterThan(2);
  });

  test('rests longer after each failure', async () => {
    const { put, poller, clock } = streamBench();
    await put('sales', ['k', 'poison']);
    const { seen, invoke } = recording(() => clock.now(), failAll);
    await poller([{ kind: 'stream', streamName: 'sales', invoke, retryAttempts: 4 }]).runUntilIdle();
    const rests = seen.slice(1).map((at, index) => at - (seen[index] ?? 0));
    expect(rests).toEqual([...rests].sort((one, other) => one - other));
    expect(rests.at(-1)).toBeGreaterThan(rests[0] ?? 0);
  });

  test('a batch is given up after its retries, and what follows goes on', async () => {
    const { put, poller, discarded } = streamBench();
    await put('sales', ['k', 'poison'], ['k', 'good']);
    const { seen, invoke } = recording(data, (batch) => (batch.includes('poison') ? failAll() : undefined));
    await poller([{ kind: 'stream', streamName: 'sales', invoke, batchSize: 1, retryAttempts: 2 }]).runUntilIdle();
    expect(seen).toEqual([['poison'], ['poison'], ['poison'], ['good']]);
    expect(discarded).toEqual([{ source: 'sales', records: 1, condition: 'RetryAttemptsExhausted' }]);
  });

  test('with bisecting, one poisonous record is isolated, and all others take effect', async () => {
    const { put, poller, discarded } = streamBench();
    await put('sales', ...numbered(8));
    const done: string[] = [];
    const { invoke } = recording(data, (batch) => (batch.includes('r5') ? failAll() : done.push(...batch)));
    await poller([
      { kind: 'stream', streamName: 'sales', invoke, bisectBatchOnError: true, retryAttempts: 1 },
    ]).runUntilIdle();
    expect(done).toEqual(['r0', 'r1', 'r2', 'r3', 'r4', 'r6', 'r7']);
    expect(discarded).toMatchObject([{ records: 1 }]);
  });

  test('a split does not count as a retry', async () => {
    const { put, poller } = streamBench();
    await put('sales', ...numbered(4));
    const { seen, invoke } = recording(data, (batch) => (batch.includes('r0') ? failAll() : undefined));
    await poller([
      { kind: 'stream', streamName: 'sales', invoke, bisectBatchOnError: true, retryAttempts: 0 },
    ]).runUntilIdle();
    expect(seen).toEqual([['r0', 'r1', 'r2', 'r3'], ['r0', 'r1'], ['r0'], ['r1'], ['r2', 'r3']]);
  });

  test('the first record that is reported as failed is where the batch goes on', async () => {
    const { put, poller } = streamBench();
    await put('sales', ...numbered(5));
    const report = (event: object, ...failed: readonly number[]) => {
      const { Records } = event as { readonly Records: { readonly kinesis: { readonly sequenceNumber: string } }[] };
      return { batchItemFailures: failed.map((at) => ({ itemIdentifier: Records[at]?.kinesis.sequenceNumber })) };
    };
    const { seen, invoke } = recording(data, (_, event, times) => (times === 1 ? report(event, 4, 2) : undefined));
    await poller([{ kind: 'stream', streamName: 'sales', invoke, reportBatchItemFailures: true }]).runUntilIdle();
    expect(seen).toEqual([
      ['r0', 'r1', 'r2', 'r3', 'r4'],
      ['r2', 'r3', 'r4'],
    ]);
  });

  test('records that are too old are discarded, without those that are not', async () => {
    const { put, poller, clock, discarded } = streamBench();
    await put('sales', ['k', 'old']);
    clock.pass(2 * HOUR);
    await put('sales', ['k', 'young']);
    const { seen, invoke } = recording(data);
    await poller([{ kind: 'stream', streamName: 'sales', invoke, maxRecordAge: HOUR }]).runUntilIdle();
    expect(seen).toEqual([['young']]);
    expect(discarded).toEqual([{ source: 'sales', records: 1, condition: 'RecordAgeExceeded' }]);
  });

  test('a batch that always fails is given up once it is too old', async () => {
    const { put, poller, clock } = streamBench();
    await put('sales', ['k', 'poison']);
    const began = clock.now();
    const { invoke } = recording(data, failAll);
    await poller([{ kind: 'stream', streamName: 'sales', invoke, maxRecordAge: 60_000 }]).runUntilIdle({
      within: '5m',
    });
    expect(clock.now() - began).toBeGreaterThanOrEqual(60_000);
    expect(clock.now() - began).toBeLessThan(90_000);
  });

  test('several batches of a shard at once keep the records of each key in order', async () => {
    const { put, poller, clock } = streamBench();
    const keys = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (let round = 0; round < 20; round++) await put('sales', ...keys.map((key) => [key, `${key}${round}`] as const));
    const order = new Map(keys.map((key) => [key, [] as number[]]));
    let now = 0;
    let most = 0;
    const invoke = async (event: object) => {
      now += 1;
      most = Math.max(most, now);
      await clock.sleep(100);
      now -= 1;
      for (const one of data(event)) order.get(one[0] ?? '')?.push(Number(one.slice(1)));
    };
    const source = poller([{ kind: 'stream', streamName: 'sales', invoke, parallelizationFactor: 3, batchSize: 10 }]);
    source.start();
    await clock.sleep(10_000);
    await source.stop();
    for (const rounds of order.values()) expect(rounds).toEqual(Array.from({ length: 20 }, (_, index) => index));
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(3);
  });

  test('a batch waits for its window, unless it is full', async () => {
    const { put, poller, clock } = streamBench();
    const { seen, invoke } = recording((event) => [clock.now(), data(event).length] as const);
    const source = poller([{ kind: 'stream', streamName: 'sales', invoke, batchSize: 3, maxBatchingWindow: 5_000 }]);
    await put('sales', ...numbered(4));
    const began = clock.now();
    await source.runUntilIdle();
    expect(seen.map(([, count]) => count)).toEqual([3, 1]);
    expect((seen[0]?.[0] ?? 0) - began).toBeLessThan(1_000);
    expect((seen[1]?.[0] ?? 0) - began).toBeGreaterThanOrEqual(5_000);
  });

  test('a filter decides by the data and the partition key', async () => {
    const { put, poller } = streamBench();
    await put('sales', ['a', '{"n":1}'], ['a', '{"n":5}'], ['b', '{"n":5}'], ['a', 'no JSON']);
    const { seen, invoke } = recording(data);
    const filters = [{ partitionKey: ['a'], data: { n: [{ numeric: ['>', 3] }] } }];
    await poller([{ kind: 'stream', streamName: 'sales', invoke, filters }]).runUntilIdle();
    expect(seen).toEqual([['{"n":5}']]);
  });

  test('after a read that failed, and an iterator that is too old, nothing is missed and nothing comes twice', async () => {
    let failures = 0;
    const it = bench({
      wire: async ({ operation }, apply) => {
        const answer = apply();
        if (operation === 'GetRecords' && failures-- > 0) throw new Error('throttled');
        return answer;
      },
    });
    it.engines.kinesis.createStream({ name: 'sales' });
    const { seen, invoke } = recording(data);
    const source = it.poller([{ kind: 'stream', streamName: 'sales', invoke }]);
    await it.put('sales', ['k', 'one']);
    await source.runUntilIdle();
    await it.put('sales', ['k', 'two']);
    failures = 3;
    await source.runUntilIdle();
    it.clock.pass(HOUR);
    await it.put('sales', ['k', 'three']);
    await source.runUntilIdle();
    expect(seen).toEqual([['one'], ['two'], ['three']]);
    expect(it.troubles.map(({ step }) => step)).toEqual(['read', 'read', 'read', 'read']);
  });
});

describe('a discarded batch', () => {
  const poison = [['k', 'poison'] as const];

  test('is told of in a queue by where it lies in the stream', async () => {
    const { put, poller, queue } = streamBench();
    const failures = queue();
    await put('sales', ...poison);
    const onFailure = { kind: 'queue', queueUrl: failures.url } as const;
    await poller([
      { kind: 'stream', streamName: 'sales', invoke: failAll, retryAttempts: 1, onFailure },
    ]).runUntilIdle();
    const [letter] = failures.messages().map(({ body }) => JSON.parse(body));
    expect(letter).toMatchObject({
      requestContext: { condition: 'RetryAttemptsExhausted', approximateInvokeCount: 2 },
      KinesisBatchInfo: {
        shardId: 'shardId-000000000000',
        batchSize: 1,
        startSequenceNumber: expect.stringMatching(/^495/),
      },
    });
    expect(letter.payload).toBeUndefined();
  });

  test('is kept in a bucket with its records, once the bucket answers', async () => {
    let refusals = 2;
    const it = bench({
      wire: async ({ operation }, apply) => {
        if (operation === 'PutObject' && refusals-- > 0) throw new Error('slow down');
        return apply();
      },
    });
    it.engines.kinesis.createStream({ name: 'sales' });
    it.engines.s3.createBucket('quarantine');
    await it.put('sales', ...poison);
    const onFailure = { kind: 'bucket', bucket: 'quarantine' } as const;
    await it
      .poller([{ kind: 'stream', streamName: 'sales', invoke: failAll, retryAttempts: 0, onFailure }])
      .runUntilIdle();
    const [key = '', ...others] = it.engines.s3.keys('quarantine');
    expect(others).toEqual([]);
    expect(key).toMatch(/^aws\/lambda\/sales\/shardId-000000000000\/2026\/01\/01\//);
    const object = JSON.parse(Buffer.from(it.engines.s3.object('quarantine', key)).toString());
    expect(JSON.parse(object.payload).Records[0].kinesis.data).toBe(Buffer.from('poison').toString('base64'));
    expect(it.troubles.map(({ step }) => step)).toEqual(['discard', 'discard']);
  });
});

describe('shards', () => {
  /** A Kinesis client whose stream was split: the first shard is closed after two records. */
  function splitStream(): { readonly client: Sender<KinesisClient>; reads: string[] } {
    const shards: Record<string, { readonly parent?: string; readonly records: string[]; readonly open: boolean }> = {
      parent: { records: ['p0', 'p1'], open: false },
      left: { parent: 'parent', records: ['l0'], open: true },
      right: { parent: 'parent', records: ['r0'], open: true },
      orphan: { parent: 'trimmed', records: ['o0'], open: true },
    };
    const reads: string[] = [];
    const send = async (command: {
      readonly input: { readonly ShardId?: string; readonly ShardIterator?: string };
    }) => {
      const { ShardId = '', ShardIterator } = command.input;
      if (command instanceof GetRecordsCommand) {
        const [id = '', at = '0'] = ShardIterator?.split('/') ?? [];
        const shard = shards[id];
        const from = Number(at);
        reads.push(id);
        const Records = (shard?.records ?? []).slice(from, from + 1).map((text, index) => ({
          SequenceNumber: `${id}-${from + index}`,
          PartitionKey: 'k',
          Data: Buffer.from(text),
        }));
        const next = from + Records.length;
        const atEnd = !shard?.open && next === shard?.records.length;
        return { Records, ...(!atEnd && { NextShardIterator: `${id}/${next}` }) };
      }
      if (ShardId) return { ShardIterator: `${ShardId}/0` };
      return { Shards: Object.entries(shards).map(([id, { parent }]) => ({ ShardId: id, ParentShardId: parent })) };
    };
    return { client: { send } as Sender<KinesisClient>, reads };
  }

  test('of a split stream are read after their parent is handled to its end', async () => {
    const { client, reads } = splitStream();
    const it = bench();
    let failures = 2;
    const { seen, invoke } = recording(data, (batch) =>
      batch.includes('p1') && failures-- > 0 ? failAll() : undefined,
    );
    const source = it.poller([{ kind: 'stream', streamName: 'sales', invoke, batchSize: 1 }], {
      clients: {
        sqs: it.engines.sqs.client(),
        kinesis: async () => client,
        s3: async () => it.engines.s3.client(),
        tableStreams: it.engines.dynamodb.streamsClient(),
      },
    });
    await source.runUntilIdle();
    const order = seen.flat();
    expect(order.filter((one) => one !== 'o0')).toEqual(['p0', 'p1', 'p1', 'p1', 'l0', 'r0']);
    expect(order).toContain('o0');
    expect(reads.indexOf('left')).toBeGreaterThan(reads.lastIndexOf('parent'));
  });
});

describe('the stream of a table', () => {
  const names = (event: object) => (event as DynamoDBStreamEvent).Records.map(({ eventName }) => eventName);

  test('is read in order, each record as Lambda gives it', async () => {
    const { write, poller, arnOf } = bench();
    write('ledger', 'a', 1);
    write('ledger', 'a', 2);
    const { seen, invoke } = recording((event) => (event as DynamoDBStreamEvent).Records);
    await poller([{ kind: 'table', streamArn: arnOf('ledger'), invoke }]).runUntilIdle();
    expect(seen.flat()).toMatchObject([
      {
        eventName: 'INSERT',
        eventSource: 'aws:dynamodb',
        dynamodb: { Keys: { pk: { S: 'a' } }, NewImage: { n: { N: '1' } } },
      },
      { eventName: 'MODIFY', eventSourceARN: arnOf('ledger'), dynamodb: { NewImage: { n: { N: '2' } } } },
    ]);
  });

  test("the relay's filter lets nothing through but new rows of the outbox", async () => {
    const { write, poller, arnOf } = bench();
    write('ledger', 'out#1');
    write('ledger', 'out#1', 2);
    write('ledger', 'in#1');
    write('ledger', 'out#2');
    const { seen, invoke } = recording((event) =>
      (event as DynamoDBStreamEvent).Records.map(({ dynamodb }) => dynamodb?.Keys?.pk?.S),
    );
    const filters = [{ eventName: ['INSERT'], dynamodb: { Keys: { pk: { S: [{ prefix: 'out#' }] } } } }];
    await poller([{ kind: 'table', streamArn: arnOf('ledger'), invoke, filters }]).runUntilIdle();
    expect(seen.flat()).toEqual(['out#1', 'out#2']);
  });

  test('of several shards keeps the changes of an item in order', async () => {
    const { write, poller, arnOf } = bench({ shards: 4 });
    for (let n = 1; n <= 5; n++) for (const pk of ['a', 'b', 'c', 'd']) write('ledger', pk, n);
    const { seen, invoke } = recording((event) =>
      (event as DynamoDBStreamEvent).Records.map(
        ({ dynamodb }) => `${dynamodb?.Keys?.pk?.S}${dynamodb?.NewImage?.n?.N}`,
      ),
    );
    await poller([{ kind: 'table', streamArn: arnOf('ledger'), invoke, parallelizationFactor: 2 }]).runUntilIdle();
    expect(seen.length).toBeGreaterThan(1);
    for (const pk of ['a', 'b', 'c', 'd']) {
      expect(seen.flat().filter((one) => one.startsWith(pk))).toEqual([1, 2, 3, 4, 5].map((n) => `${pk}${n}`));
    }
  });

  test('without failures reported, a function that names some has succeeded', async () => {
    const { write, poller, arnOf } = bench();
    write('ledger', 'a');
    const { seen, invoke } = recording(names, () => ({ batchItemFailures: [{ itemIdentifier: 'x' }] }));
    await poller([{ kind: 'table', streamArn: arnOf('ledger'), invoke }]).runUntilIdle();
    expect(seen).toEqual([['INSERT']]);
  });
});
