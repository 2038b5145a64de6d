import { PutRecordCommand, PutRecordsCommand, type PutRecordsRequestEntry } from '@aws-sdk/client-kinesis';
import { expect, test } from 'vitest';
import { KinesisEngine } from '../../lib/testing/engines/index.ts';

const MIB = 1024 * 1024;

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
    new PutRecordCommand({ StreamName: 'orders', PartitionKey: 'k', Data: new Uint8Array(1) }),
  );
  await expect(single).rejects.toMatchObject({ code: 'unsupported-by-engine' });
});
