import type { ChildShard, Shard } from '@aws-sdk/client-kinesis';

/** Hashes of partition keys are whole numbers below this. */
export const HASHES = 2n ** 128n;

/** A shard of a stream: a range of hashes, while it is open. */
export interface StreamShard {
  readonly id: string;
  /** Both included. */
  readonly from: bigint;
  readonly to: bigint;
  /** The shards that it was split or merged from: the second is the adjacent one of a merge. */
  readonly parents: readonly string[];
  readonly startingSequenceNumber: string;
  /** Of a closed shard. */
  endingSequenceNumber?: string;
  /** Milliseconds since the epoch. */
  closedAt?: number;
}

export function shardIdOf(index: number): string {
  return `shardId-${String(index).padStart(12, '0')}`;
}

export function isOpen({ closedAt }: StreamShard): boolean {
  return closedAt === undefined;
}

/** @see https://docs.aws.amazon.com/kinesis/latest/APIReference/API_Shard.html */
export function describedShard(shard: StreamShard): Shard {
  const { id, parents, startingSequenceNumber, endingSequenceNumber } = shard;
  const [ParentShardId, AdjacentParentShardId] = parents;
  return {
    ShardId: id,
    ...(ParentShardId !== undefined && { ParentShardId }),
    ...(AdjacentParentShardId !== undefined && { AdjacentParentShardId }),
    HashKeyRange: hashRange(shard),
    SequenceNumberRange: {
      StartingSequenceNumber: startingSequenceNumber,
      ...(endingSequenceNumber !== undefined && { EndingSequenceNumber: endingSequenceNumber }),
    },
  };
}

/** @see https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ChildShard.html */
export function describedChild(shard: StreamShard): ChildShard {
  return { ShardId: shard.id, ParentShards: [...shard.parents], HashKeyRange: hashRange(shard) };
}

function hashRange({ from, to }: StreamShard) {
  return { StartingHashKey: String(from), EndingHashKey: String(to) };
}
