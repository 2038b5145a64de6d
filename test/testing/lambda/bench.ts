import { MergeShardsCommand, PutRecordsCommand, SplitShardCommand } from '@aws-sdk/client-kinesis';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import type { SQSEvent } from 'aws-lambda';
import { directWire, type QueueOptions, tableStreamArn, type Wire } from '../../../lib/testing/engines/index.ts';
import {
  type EventSourceMapping,
  EventSourcePoller,
  type Invocation,
  type Observer,
  type PollerOptions,
  type Trouble,
} from '../../../lib/testing/lambda/index.ts';
import { seededRandom } from '../../../lib/testing/seeded-random.ts';
import { enginesOn } from '../../../lib/testing/test-environment.ts';
import { VirtualClock } from '../../../lib/testing/virtual-clock.ts';

export type Bench = ReturnType<typeof bench>;

/** Engines in memory on a clock that jumps over every wait, and pollers of them. */
export function bench({ wire = directWire, shards = 1 }: { readonly wire?: Wire; readonly shards?: number } = {}) {
  const clock = new VirtualClock({ now: Date.UTC(2026, 0, 1), jumps: true });
  const engines = enginesOn(clock);
  const invocations: Invocation[] = [];
  const troubles: Trouble[] = [];
  const discarded: Parameters<NonNullable<Observer['discarded']>>[0][] = [];
  let queues = 0;
  const openShards = (stream: string) =>
    engines.kinesis
      .shards(stream)
      .filter(({ closedAt }) => closedAt === undefined)
      .sort((one, other) => (one.from < other.from ? -1 : 1));
  return {
    clock,
    engines,
    invocations,
    troubles,
    discarded,
    queue: (options: Partial<QueueOptions> = {}) => {
      queues += 1;
      return engines.sqs.createQueue({ name: `queue-${queues}`, ...options });
    },
    send: async (QueueUrl: string, ...bodies: readonly string[]) => {
      const sqs = engines.sqs.client();
      for (const MessageBody of bodies) await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
    },
    put: async (StreamName: string, ...records: readonly (readonly [key: string, data: string])[]) => {
      const Records = records.map(([PartitionKey, data]) => ({ PartitionKey, Data: Buffer.from(data) }));
      await engines.kinesis.client().send(new PutRecordsCommand({ StreamName, Records }));
    },
    /** Splits one of the open shards into halves. */
    reshard: async (StreamName: string, nth: number) => {
      const shards = openShards(StreamName);
      const shard = shards[nth % shards.length];
      if (!shard) return;
      const NewStartingHashKey = String((shard.from + shard.to + 1n) / 2n);
      const command = new SplitShardCommand({ StreamName, ShardToSplit: shard.id, NewStartingHashKey });
      await engines.kinesis.client().send(command);
    },
    /** Merges one of the open shards with the next, if there is one. */
    merge: async (StreamName: string, nth: number) => {
      const shards = openShards(StreamName);
      const [shard, next] = shards.slice(nth % shards.length);
      if (!shard || !next) return;
      const command = new MergeShardsCommand({
        StreamName,
        ShardToMerge: shard.id,
        AdjacentShardToMerge: next.id,
      });
      await engines.kinesis.client().send(command);
    },
    write: (name: string, pk: string, n = 1) => {
      if (!engines.dynamodb.hasTable(name)) {
        engines.dynamodb.createTable({ name, partitionKey: { name: 'pk', type: 'S' } });
      }
      engines.dynamodb.table(name).write({ pk: { S: pk } }, { pk: { S: pk }, n: { N: String(n) } });
    },
    arnOf: tableStreamArn,
    poller: (mappings: readonly EventSourceMapping[], options: Partial<PollerOptions> = {}) =>
      new EventSourcePoller({
        mappings,
        clock,
        random: seededRandom(1),
        clients: {
          sqs: engines.sqs.client(wire),
          kinesis: async () => engines.kinesis.client(wire),
          s3: async () => engines.s3.client(wire),
          tableStreams: engines.dynamodb.streamsClient(wire, { shards }),
        },
        observer: {
          invoked: (invocation) => invocations.push(invocation),
          troubled: (trouble) => troubles.push(trouble),
          discarded: (discard) => discarded.push(discard),
        },
        ...options,
      }),
  };
}

/** The bodies of a batch from a queue. */
export function bodies(event: object): string[] {
  return (event as SQSEvent).Records.map(({ body }) => body);
}

/** The data of a batch from a Kinesis stream. */
export function data(event: object): string[] {
  const { Records } = event as { readonly Records: readonly { readonly kinesis: { readonly data: string } }[] };
  return Records.map(({ kinesis }) => Buffer.from(kinesis.data, 'base64').toString());
}

/** A function that keeps what it was invoked with, and does what `reply` says. */
export function recording<Seen>(
  read: (event: object) => Seen,
  reply: (seen: Seen, event: object, invocations: number) => unknown = () => undefined,
): { readonly seen: Seen[]; readonly invoke: (event: object) => Promise<unknown> } {
  const seen: Seen[] = [];
  return {
    seen,
    invoke: async (event) => {
      const one = read(event);
      seen.push(one);
      return reply(one, event, seen.length);
    },
  };
}
