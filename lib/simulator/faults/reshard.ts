import { ListShardsCommand, MergeShardsCommand, type Shard, SplitShardCommand } from '@aws-sdk/client-kinesis';
import type { KinesisEngine } from '../../testing/engines/index.ts';

/** Splits a shard of a stream in the middle, or merges it with its neighbour, if it is open and has one. */
export function reshard(kinesis: KinesisEngine, StreamName: string, shardId: string, how: 'split' | 'merge'): void {
  const { Shards = [] } = kinesis.apply(new ListShardsCommand({ StreamName })) as { readonly Shards?: Shard[] };
  const open = Shards.filter(({ SequenceNumberRange }) => SequenceNumberRange?.EndingSequenceNumber === undefined);
  const place = open.findIndex(({ ShardId }) => ShardId === shardId);
  const { HashKeyRange } = open[place] ?? {};
  if (!HashKeyRange) return;
  const from = BigInt(HashKeyRange.StartingHashKey ?? 0);
  const to = BigInt(HashKeyRange.EndingHashKey ?? 0);
  if (how === 'split') {
    const NewStartingHashKey = String((from + to + 1n) / 2n);
    kinesis.apply(new SplitShardCommand({ StreamName, ShardToSplit: shardId, NewStartingHashKey }));
    return;
  }
  const neighbour = open.find((one) => BigInt(one.HashKeyRange?.StartingHashKey ?? 0) === to + 1n);
  const before = open.find((one) => BigInt(one.HashKeyRange?.EndingHashKey ?? 0) === from - 1n);
  const adjacent = neighbour ?? before;
  if (!adjacent) return;
  const pair = { ShardToMerge: shardId, AdjacentShardToMerge: adjacent.ShardId };
  kinesis.apply(new MergeShardsCommand({ StreamName, ...pair }));
}
