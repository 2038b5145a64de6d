import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  ListShardsCommand,
  MergeShardsCommand,
  PutRecordCommand,
  PutRecordsCommand,
  type PutRecordsRequestEntry,
  type ShardIteratorType,
  SplitShardCommand,
} from '@aws-sdk/client-kinesis';
import { describe, expect, test } from 'vitest';
import { KinesisEngine } from '../../../lib/testing/engines/index.ts';

const MIB = 1024 * 1024;

type Client = Pick<KinesisClient, 'send'>;

function streamOf(shards: number) {
  const engine = new KinesisEngine({ now: () => 5 });
  engine.createStream({ name: 'orders', shards });
  const client = engine.client();
  const put = (Records: PutRecordsRequestEntry[], StreamName = 'orders') =>
    client.send(new PutRecordsCommand({ StreamName, Records }));
  return { engine, client, put };
}

const record = (PartitionKey: string, bytes = 1): PutRecordsRequestEntry => ({
  PartitionKey,
  Data: new Uint8Array(bytes),
});
/** With their keys, to the byte. */
const tenMebibytes = () => Array.from({ length: 10 }, () => record('k', MIB - 1));
const many = (count: number) => Array.from({ length: count }, (_, index) => record(`key-${index}`));

test('records lie in the order in which they came, with ascending sequence numbers', async () => {
  const { engine, put } = streamOf(1);
  const reply = await put(many(20));
  expect(reply).toMatchObject({ FailedRecordCount: 0 });
  const numbers = engine.records('orders').map(({ sequenceNumber }) => sequenceNumber);
  expect(numbers).toEqual(reply.Records?.map(({ SequenceNumber }) => SequenceNumber));
  expect(numbers).toEqual([...numbers].sort());
  expect(engine.records('orders')[0]).toMatchObject({ partitionKey: 'key-0', arrivedAt: 5 });
});

test('a partition key has one shard, and many keys share all shards evenly', async () => {
  const { engine, put } = streamOf(4);
  await put(many(400));
  await put(many(400));
  const shardsByKey = Map.groupBy(engine.records('orders'), ({ partitionKey }) => partitionKey);
  for (const records of shardsByKey.values()) expect(new Set(records.map(({ shardId }) => shardId)).size).toBe(1);
  const byShard = Map.groupBy(engine.records('orders'), ({ shardId }) => shardId);
  expect(byShard.size).toBe(4);
  for (const records of byShard.values()) expect(records.length).toBeGreaterThan(120);
});

test('an explicit hash key says the shard', async () => {
  const { put } = streamOf(2);
  const explicit = (ExplicitHashKey: string) => ({ ...record('k'), ExplicitHashKey });
  const reply = await put([explicit('0'), explicit(String(2n ** 128n - 1n))]);
  expect(reply.Records?.map(({ ShardId }) => ShardId)).toEqual(['shardId-000000000000', 'shardId-000000000001']);
});

test.each([
  ['no record', [], 'ValidationException'],
  ['501 records', many(501), 'ValidationException'],
  ['an empty partition key', [record('')], 'ValidationException'],
  ['a partition key of 257 characters', [record('k'.repeat(257))], 'ValidationException'],
  ['a record above 1 MiB', [record('k', MIB + 1)], 'ValidationException'],
  ['more than 10 MiB with the keys', [...tenMebibytes(), record('k', 1)], 'InvalidArgumentException'],
])('%s is refused', async (_, records, name) => {
  const { engine, put } = streamOf(1);
  await expect(put(records)).rejects.toMatchObject({ name, $fault: 'client' });
  expect(engine.records('orders')).toEqual([]);
});

test('10 MiB with the keys, 500 records and keys of 256 characters are taken', async () => {
  const { put } = streamOf(1);
  await put(tenMebibytes());
  await put([record('k', MIB)]);
  await put(many(500));
  await put([record('k'.repeat(256))]);
});

test('a stream that is not there is refused, and so is what the engine does not know', async () => {
  const { client, put } = streamOf(1);
  await expect(put(many(1), 'nowhere')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  const single = client.send(
    new PutRecordCommand({ StreamName: 'orders', PartitionKey: 'k', Data: new Uint8Array(1), StreamId: 'x' }),
  );
  await expect(single).rejects.toMatchObject({ code: 'unsupported-by-engine' });
});

describe('resharding', () => {
  const HALF = 2n ** 127n;
  const split = (client: Client, ShardToSplit: string, at: bigint) =>
    client.send(new SplitShardCommand({ StreamName: 'orders', ShardToSplit, NewStartingHashKey: String(at) }));
  const merge = (client: Client, ShardToMerge: string, AdjacentShardToMerge: string) =>
    client.send(new MergeShardsCommand({ StreamName: 'orders', ShardToMerge, AdjacentShardToMerge }));
  const shardsOf = async (client: Client) => {
    const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName: 'orders' }));
    return Shards;
  };
  const [first, second, third] = ['shardId-000000000000', 'shardId-000000000001', 'shardId-000000000002'] as const;

  test('a split closes a shard, and its children share its hashes', async () => {
    const { client, put } = streamOf(1);
    await put(many(1));
    await split(client, first, HALF);
    const [parent, lower, upper] = await shardsOf(client);
    expect(parent?.SequenceNumberRange?.EndingSequenceNumber).toMatch(/^495/);
    expect(lower).toMatchObject({
      ParentShardId: first,
      HashKeyRange: { StartingHashKey: '0', EndingHashKey: String(HALF - 1n) },
    });
    expect(upper).toMatchObject({
      ParentShardId: first,
      HashKeyRange: { StartingHashKey: String(HALF), EndingHashKey: String(2n ** 128n - 1n) },
    });
    expect(upper?.SequenceNumberRange?.EndingSequenceNumber).toBeUndefined();
    const reply = await put([record('a'), record('b')]);
    expect(reply.Records?.map(({ ShardId }) => ShardId)).toEqual([second, third]);
  });

  test('a merge gives one child with both parents, the first that was named first', async () => {
    const { client, put } = streamOf(2);
    await merge(client, second, first);
    const child = (await shardsOf(client)).at(-1);
    expect(child).toMatchObject({
      ShardId: third,
      ParentShardId: second,
      AdjacentParentShardId: first,
      HashKeyRange: { StartingHashKey: '0', EndingHashKey: String(2n ** 128n - 1n) },
    });
    const reply = await put([record('a'), record('b')]);
    expect(reply.Records?.map(({ ShardId }) => ShardId)).toEqual([third, third]);
  });

  test('a closed shard is read to its end, which names its children', async () => {
    const { client, put } = streamOf(1);
    await put(many(3));
    const { ShardIterator } = await client.send(
      new GetShardIteratorCommand({ StreamName: 'orders', ShardId: first, ShardIteratorType: 'TRIM_HORIZON' }),
    );
    await split(client, first, HALF);
    await put(many(1));
    const one = await client.send(new GetRecordsCommand({ ShardIterator, Limit: 2 }));
    const other = await client.send(new GetRecordsCommand({ ShardIterator: one.NextShardIterator }));
    expect([one.Records?.length, other.Records?.length, other.NextShardIterator]).toEqual([2, 1, undefined]);
    expect(other.ChildShards?.map(({ ShardId }) => ShardId)).toEqual([second, third]);
  });

  test.each([
    ['a shard that is closed', (client: Client) => split(client, first, HALF / 2n), 'InvalidArgumentException'],
    ['a shard outside its hashes', (client: Client) => split(client, second, HALF), 'InvalidArgumentException'],
    ['a shard that is not there', (client: Client) => split(client, 'nowhere', HALF), 'ResourceNotFoundException'],
  ])('%s is not split', async (_, act, name) => {
    const { client } = streamOf(1);
    await split(client, first, HALF);
    await expect(act(client)).rejects.toMatchObject({ name });
    expect(await shardsOf(client)).toHaveLength(3);
  });

  test('shards that are not side by side are not merged', async () => {
    const { client } = streamOf(3);
    await expect(merge(client, first, third)).rejects.toMatchObject({ name: 'InvalidArgumentException' });
    expect(await shardsOf(client)).toHaveLength(3);
  });
});

describe('reading', () => {
  test('begins where the iterator says', async () => {
    const clock = { now: 0 };
    const engine = new KinesisEngine({ now: () => clock.now });
    engine.createStream({ name: 'orders' });
    const client = engine.client();
    for (const [index, key] of ['a', 'b', 'c'].entries()) {
      clock.now = index * 1000;
      await client.send(new PutRecordCommand({ StreamName: 'orders', ...record(key) }));
    }
    const read = async (ShardIteratorType: ShardIteratorType, more = {}) => {
      const { ShardIterator } = await client.send(
        new GetShardIteratorCommand({
          StreamName: 'orders',
          ShardId: 'shardId-000000000000',
          ShardIteratorType,
          ...more,
        }),
      );
      const { Records = [] } = await client.send(new GetRecordsCommand({ ShardIterator }));
      return Records.map(({ PartitionKey }) => PartitionKey).join('');
    };
    const StartingSequenceNumber = engine.records('orders')[1]?.sequenceNumber;
    expect(await read('TRIM_HORIZON')).toBe('abc');
    expect(await read('LATEST')).toBe('');
    expect(await read('AT_SEQUENCE_NUMBER', { StartingSequenceNumber })).toBe('bc');
    expect(await read('AFTER_SEQUENCE_NUMBER', { StartingSequenceNumber })).toBe('c');
    expect(await read('AT_TIMESTAMP', { Timestamp: new Date(1000) })).toBe('bc');
    expect(await read('AT_TIMESTAMP', { Timestamp: new Date(1001) })).toBe('c');
    const invalid = read('AT_SEQUENCE_NUMBER', { StartingSequenceNumber: 'x' });
    await expect(invalid).rejects.toMatchObject({ name: 'InvalidArgumentException' });
  });

  test('finds nothing that is older than the retention, and no shard that ended before it', async () => {
    const clock = { now: 0 };
    const HOUR = 3_600_000;
    const engine = new KinesisEngine({ now: () => clock.now });
    engine.createStream({ name: 'orders', retentionHours: 24 });
    const client = engine.client();
    const put = (key: string) => client.send(new PutRecordCommand({ StreamName: 'orders', ...record(key) }));
    const keys = async () => {
      const found: (string | undefined)[] = [];
      for (const { id } of engine.shards('orders')) {
        const { ShardIterator } = await client.send(
          new GetShardIteratorCommand({ StreamName: 'orders', ShardId: id, ShardIteratorType: 'TRIM_HORIZON' }),
        );
        const { Records = [] } = await client.send(new GetRecordsCommand({ ShardIterator }));
        found.push(...Records.map(({ PartitionKey }) => PartitionKey));
      }
      return found;
    };
    await put('old');
    clock.now = HOUR;
    await put('young');
    engine.apply(
      new SplitShardCommand({
        StreamName: 'orders',
        ShardToSplit: 'shardId-000000000000',
        NewStartingHashKey: String(2n ** 127n),
      }),
    );
    expect(await keys()).toEqual(['old', 'young']);
    clock.now = 24 * HOUR;
    expect(await keys()).toEqual(['young']);
    clock.now = 25 * HOUR;
    expect(engine.shards('orders').map(({ id }) => id)).toEqual(['shardId-000000000001', 'shardId-000000000002']);
  });
});
