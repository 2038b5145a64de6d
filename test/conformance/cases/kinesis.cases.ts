import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  type _Record as KinesisRecord,
  ListShardsCommand,
  MergeShardsCommand,
  PutRecordCommand,
  PutRecordsCommand,
  type PutRecordsRequestEntry,
  type Shard,
  type ShardIteratorType,
  SplitShardCommand,
} from '@aws-sdk/client-kinesis';
import type { Case, Feature, Suite } from '../case.ts';
import type { Clients } from '../clients.ts';
import { holds, refused, same } from '../expect.ts';
import type { Scratch } from '../scratch.ts';

const API = 'https://docs.aws.amazon.com/kinesis/latest/APIReference';
const GUIDE = 'https://docs.aws.amazon.com/streams/latest/dev';
const PUT_RECORDS = `${API}/API_PutRecords.html` as const;
const LARGE = `${GUIDE}/large-records.html` as const;
const ITERATORS = `${API}/API_GetShardIterator.html` as const;
const HALF = 2n ** 127n;

function one(name: string, cites: Case['cites'], more: readonly Feature[], run: Case['run']): Case {
  return { name, cites, needs: ['kinesis', ...more], run };
}

const entry = (PartitionKey: string, text: string, ExplicitHashKey?: bigint): PutRecordsRequestEntry => ({
  PartitionKey,
  Data: Buffer.from(text),
  ...(ExplicitHashKey !== undefined && { ExplicitHashKey: String(ExplicitHashKey) }),
});

const WRITES: readonly Case[] = [
  one('500 records are accepted, each answered', PUT_RECORDS, [], async ({ kinesis }, scratch) => {
    const StreamName = await scratch.stream();
    const Records = Array.from({ length: 500 }, (_, index) => entry(`${index}`, `${index}`));
    const answer = await kinesis.send(new PutRecordsCommand({ StreamName, Records }));
    same([answer.FailedRecordCount ?? 0, answer.Records?.length], [0, 500], 'the answers');
  }),
  one('501 records are refused', PUT_RECORDS, [], async ({ kinesis }, scratch) => {
    const StreamName = await scratch.stream();
    const Records = Array.from({ length: 501 }, (_, index) => entry(`${index}`, `${index}`));
    const request = kinesis.send(new PutRecordsCommand({ StreamName, Records }));
    await refused(request, 'ValidationException', 'InvalidArgumentException');
  }),
  one('no record is refused', PUT_RECORDS, [], async ({ kinesis }, scratch) => {
    const StreamName = await scratch.stream();
    const request = kinesis.send(new PutRecordsCommand({ StreamName, Records: [] }));
    await refused(request, 'ValidationException', 'InvalidArgumentException');
  }),
  one(
    'a partition key of 256 characters is accepted, of 257 and of none refused',
    PUT_RECORDS,
    [],
    async (aws, scratch) => {
      const StreamName = await scratch.stream();
      const put = (length: number) =>
        aws.kinesis.send(new PutRecordsCommand({ StreamName, Records: [entry('k'.repeat(length), 'x')] }));
      await put(256);
      await refused(put(257), 'ValidationException', 'InvalidArgumentException');
      await refused(put(0), 'ValidationException', 'InvalidArgumentException');
    },
  ),
  one('a record of 1 MiB is accepted', `${GUIDE}/service-sizes-and-limits.html`, [], async ({ kinesis }, scratch) => {
    const StreamName = await scratch.stream();
    const Records = [{ PartitionKey: 'k', Data: new Uint8Array(1024 * 1024 - 1) }];
    const answer = await kinesis.send(new PutRecordsCommand({ StreamName, Records }));
    same(answer.FailedRecordCount ?? 0, 0, 'the failures');
  }),
  one('a record above 1 MiB is refused unless the stream allows more', LARGE, [], async ({ kinesis }, scratch) => {
    const StreamName = await scratch.stream();
    const Records = [{ PartitionKey: 'k', Data: new Uint8Array(1024 * 1024 + 1) }];
    const request = kinesis.send(new PutRecordsCommand({ StreamName, Records }));
    await refused(request, 'ValidationException', 'InvalidArgumentException');
  }),
  one('equal partition keys go to one shard', `${GUIDE}/key-concepts.html`, [], async ({ kinesis }, scratch) => {
    const StreamName = await scratch.stream(4);
    const Records = Array.from({ length: 40 }, (_, index) => entry(`key-${index % 8}`, `${index}`));
    const answer = await kinesis.send(new PutRecordsCommand({ StreamName, Records }));
    const shards = answer.Records?.map(({ ShardId }) => ShardId) ?? [];
    same(
      shards.map((shard, index) => shard === shards[index % 8]),
      shards.map(() => true),
      'each on the shard of its key',
    );
    holds(new Set(shards).size > 1, 'all keys went to one shard of four');
  }),
  one(
    'the MD5 of the key, or the hash given, chooses the shard',
    `${GUIDE}/key-concepts.html`,
    [],
    async (aws, scratch) => {
      const StreamName = await scratch.stream(2);
      // MD5: 'a' is 0cc1…, the lower half; 'b' is 92eb…, the upper.
      const Records = [entry('a', ''), entry('b', ''), entry('a', '', HALF), entry('b', '', 0n)].map((record) => ({
        ...record,
        Data: Buffer.from('x'),
      }));
      const answer = await aws.kinesis.send(new PutRecordsCommand({ StreamName, Records }));
      const ids = answer.Records?.map(({ ShardId }) => ShardId?.slice(-1));
      same(ids, ['0', '1', '1', '0'], 'the shards');
    },
  ),
  one('sequence numbers of a shard ascend', `${GUIDE}/key-concepts.html`, [], async ({ kinesis }, scratch) => {
    const StreamName = await scratch.stream();
    const numbers: bigint[] = [];
    for (let request = 0; request < 3; request++) {
      const Records = ['a', 'b', 'c', 'd'].map((text) => entry('k', text));
      const answer = await kinesis.send(new PutRecordsCommand({ StreamName, Records }));
      numbers.push(...(answer.Records ?? []).map(({ SequenceNumber }) => BigInt(SequenceNumber ?? -1)));
    }
    holds(
      numbers.length === 12 && numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? number)),
      `they do not: ${numbers.slice(0, 3).join(', ')} …`,
    );
  }),
  one('an unknown stream is refused', PUT_RECORDS, [], async ({ kinesis }, scratch) => {
    const request = kinesis.send(new PutRecordsCommand({ StreamName: scratch.name(), Records: [entry('k', 'x')] }));
    await refused(request, 'ResourceNotFoundException');
  }),
];

const READS: readonly Case[] = [
  one(
    'a shard gives its records in their order',
    `${API}/API_GetRecords.html`,
    ['kinesis-read'],
    async (aws, scratch) => {
      const StreamName = await scratch.stream();
      for (const half of [0, 15]) {
        const Records = Array.from({ length: 15 }, (_, index) => entry(`${index % 3}`, `${half + index}`));
        await aws.kinesis.send(new PutRecordsCommand({ StreamName, Records }));
      }
      const [shard] = await shardsOf(aws, StreamName);
      const texts = textsOf(await recordsOf(aws, scratch, StreamName, shard, 30));
      same(
        texts,
        Array.from({ length: 30 }, (_, index) => `${index}`),
        'the records',
      );
    },
  ),
  one(
    'TRIM_HORIZON begins at the oldest, LATEST after the newest',
    ITERATORS,
    ['kinesis-read'],
    async (aws, scratch) => {
      const StreamName = await scratch.stream();
      await aws.kinesis.send(new PutRecordsCommand({ StreamName, Records: [entry('k', 'old')] }));
      const [shard] = await shardsOf(aws, StreamName);
      const latest = await iterator(aws, StreamName, shard, 'LATEST');
      await aws.kinesis.send(new PutRecordsCommand({ StreamName, Records: [entry('k', 'new')] }));
      same(textsOf(await follow(aws, scratch, latest, 1)), ['new'], 'LATEST');
      same(textsOf(await recordsOf(aws, scratch, StreamName, shard, 2)), ['old', 'new'], 'TRIM_HORIZON');
    },
  ),
  one('AT_ and AFTER_SEQUENCE_NUMBER', ITERATORS, ['kinesis-read'], async (aws, scratch) => {
    const StreamName = await scratch.stream();
    const Records = ['a', 'b', 'c'].map((text) => entry('k', text));
    const answer = await aws.kinesis.send(new PutRecordsCommand({ StreamName, Records }));
    const [shard] = await shardsOf(aws, StreamName);
    const from = async (type: ShardIteratorType, count: number) => {
      const start = { StartingSequenceNumber: answer.Records?.[1]?.SequenceNumber };
      return textsOf(await follow(aws, scratch, await iterator(aws, StreamName, shard, type, start), count));
    };
    same(await from('AT_SEQUENCE_NUMBER', 2), ['b', 'c'], 'AT_SEQUENCE_NUMBER');
    same(await from('AFTER_SEQUENCE_NUMBER', 1), ['c'], 'AFTER_SEQUENCE_NUMBER');
  }),
  one('AT_TIMESTAMP', ITERATORS, ['kinesis-read'], async (aws, scratch) => {
    const StreamName = await scratch.stream();
    await aws.kinesis.send(new PutRecordsCommand({ StreamName, Records: [entry('k', 'before')] }));
    await scratch.sleep(2500);
    const Timestamp = new Date(scratch.now() - 1000);
    await aws.kinesis.send(new PutRecordsCommand({ StreamName, Records: [entry('k', 'after')] }));
    const [shard] = await shardsOf(aws, StreamName);
    const start = await iterator(aws, StreamName, shard, 'AT_TIMESTAMP', { Timestamp });
    same(textsOf(await follow(aws, scratch, start, 1)), ['after'], 'the records');
  }),
  one(
    'a read gives the arrival time and how far behind it is',
    `${API}/API_GetRecords.html`,
    ['kinesis-read'],
    async (aws, scratch) => {
      const StreamName = await scratch.stream();
      await aws.kinesis.send(new PutRecordsCommand({ StreamName, Records: [entry('k', 'x')] }));
      const [shard] = await shardsOf(aws, StreamName);
      const ShardIterator = await iterator(aws, StreamName, shard, 'TRIM_HORIZON');
      const answer = await aws.kinesis.send(new GetRecordsCommand({ ShardIterator }));
      const age = scratch.now() - (answer.Records?.[0]?.ApproximateArrivalTimestamp?.getTime() ?? 0);
      holds(Math.abs(age) < 60_000, `it says that the record came ${age} ms ago`);
      holds(typeof answer.MillisBehindLatest === 'number', 'it does not say MillisBehindLatest');
    },
  ),
];

const RESHARDING: readonly Case[] = [
  one(
    'a split gives two children with their parent',
    `${API}/API_SplitShard.html`,
    ['kinesis-reshard'],
    async (aws, scratch) => {
      const StreamName = await scratch.stream();
      const [parent] = await shardsOf(aws, StreamName);
      await split(aws, scratch, StreamName, parent);
      const shards = await shardsOf(aws, StreamName);
      const children = shards.filter(({ ParentShardId }) => ParentShardId === parent?.ShardId);
      same(children.length, 2, 'the children that name their parent');
      same(
        children.map(({ HashKeyRange }) => HashKeyRange?.StartingHashKey).sort(),
        ['0', String(HALF)],
        'where they begin',
      );
      const closed = shards.find(({ ShardId }) => ShardId === parent?.ShardId);
      holds(closed?.SequenceNumberRange?.EndingSequenceNumber, 'the parent is still open');
    },
  ),
  one(
    'a closed shard keeps its records and then ends',
    `${GUIDE}/kinesis-using-sdk-java-after-resharding.html`,
    ['kinesis-reshard'],
    async (aws, scratch) => {
      const StreamName = await scratch.stream();
      await aws.kinesis.send(new PutRecordsCommand({ StreamName, Records: [entry('k', 'before')] }));
      const [parent] = await shardsOf(aws, StreamName);
      await split(aws, scratch, StreamName, parent);
      const after = await aws.kinesis.send(
        new PutRecordCommand({ StreamName, PartitionKey: 'k', Data: Buffer.from('x') }),
      );
      holds(after.ShardId !== parent?.ShardId, 'a record went to the closed shard');
      let next: string | undefined = await iterator(aws, StreamName, parent, 'TRIM_HORIZON');
      const texts: string[] = [];
      const end = scratch.now() + 15_000;
      while (next !== undefined && scratch.now() < end) {
        const page: { Records?: KinesisRecord[]; NextShardIterator?: string } = await aws.kinesis.send(
          new GetRecordsCommand({ ShardIterator: next }),
        );
        texts.push(...textsOf(page.Records ?? []));
        next = page.NextShardIterator ?? undefined;
        await scratch.sleep(200);
      }
      same([texts, next], [['before'], undefined], 'its records and its last iterator');
    },
  ),
  one(
    'a merge gives one child with both parents',
    `${API}/API_MergeShards.html`,
    ['kinesis-reshard'],
    async (aws, scratch) => {
      const StreamName = await scratch.stream(2);
      const [left, right] = await shardsOf(aws, StreamName);
      await aws.kinesis.send(
        new MergeShardsCommand({ StreamName, ShardToMerge: left?.ShardId, AdjacentShardToMerge: right?.ShardId }),
      );
      await settled(aws, scratch, StreamName, 1);
      const child = (await shardsOf(aws, StreamName)).find(isOpen);
      same(
        [child?.ParentShardId, child?.AdjacentParentShardId],
        [left?.ShardId, right?.ShardId],
        'the parents of the child',
      );
    },
  ),
];

/** Takes kinesis-local half a minute, in which it does nothing else: so it comes last. */
const LARGEST: readonly Case[] = [
  one('requests above 10 MiB are refused', PUT_RECORDS, [], async ({ kinesis }, scratch) => {
    const StreamName = await scratch.stream();
    const Records = Array.from({ length: 11 }, (_, index) => ({
      PartitionKey: `${index}`,
      Data: new Uint8Array(1000 * 1024),
    }));
    const request = kinesis.send(new PutRecordsCommand({ StreamName, Records }));
    await refused(request, 'ValidationException', 'InvalidArgumentException');
  }),
];

export const KINESIS: Suite = {
  service: 'kinesis',
  title: 'Kinesis Data Streams',
  cases: [...WRITES, ...READS, ...RESHARDING, ...LARGEST],
};

async function split(aws: Clients, scratch: Scratch, StreamName: string, shard: Shard | undefined): Promise<void> {
  await aws.kinesis.send(
    new SplitShardCommand({ StreamName, ShardToSplit: shard?.ShardId, NewStartingHashKey: String(HALF) }),
  );
  await settled(aws, scratch, StreamName, 2);
}

/** Waits until the stream has so many open shards. */
async function settled(aws: Clients, scratch: Scratch, StreamName: string, open: number): Promise<void> {
  while ((await shardsOf(aws, StreamName)).filter(isOpen).length !== open) await scratch.sleep(200);
}

function isOpen({ SequenceNumberRange }: Shard): boolean {
  return SequenceNumberRange?.EndingSequenceNumber === undefined;
}

async function shardsOf({ kinesis }: Clients, StreamName: string): Promise<Shard[]> {
  const { Shards = [] } = await kinesis.send(new ListShardsCommand({ StreamName }));
  return Shards;
}

async function iterator(
  { kinesis }: Clients,
  StreamName: string,
  shard: Shard | undefined,
  ShardIteratorType: ShardIteratorType,
  start: { readonly StartingSequenceNumber?: string; readonly Timestamp?: Date } = {},
): Promise<string> {
  const { ShardIterator } = await kinesis.send(
    new GetShardIteratorCommand({ StreamName, ShardId: shard?.ShardId, ShardIteratorType, ...start }),
  );
  return ShardIterator ?? '';
}

async function recordsOf(
  aws: Clients,
  scratch: Scratch,
  stream: string,
  shard: Shard | undefined,
  count: number,
): Promise<KinesisRecord[]> {
  return follow(aws, scratch, await iterator(aws, stream, shard, 'TRIM_HORIZON'), count);
}

/** Reads on from an iterator until `count` records have come, 15 s at most. */
async function follow(aws: Clients, scratch: Scratch, start: string, count: number): Promise<KinesisRecord[]> {
  const records: KinesisRecord[] = [];
  const end = scratch.now() + 15_000;
  for (let next: string | undefined = start; next !== undefined && records.length < count; ) {
    const page: { Records?: KinesisRecord[]; NextShardIterator?: string } = await aws.kinesis.send(
      new GetRecordsCommand({ ShardIterator: next }),
    );
    records.push(...(page.Records ?? []));
    next = page.NextShardIterator;
    if (scratch.now() >= end) break;
    if (records.length < count) await scratch.sleep(250);
  }
  return records;
}

function textsOf(records: readonly KinesisRecord[]): string[] {
  return records.map(({ Data }) => Buffer.from(Data ?? []).toString());
}
