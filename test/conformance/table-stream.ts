import { setTimeout as sleep } from 'node:timers/promises';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import type { Clients } from './clients.ts';

/** A change of an item as DynamoDB's stream tells it. */
export interface TableChange {
  readonly eventName?: string;
  readonly userIdentity?: { readonly type?: string; readonly principalId?: string };
  readonly dynamodb?: {
    readonly Keys?: Record<string, AttributeValue>;
    readonly NewImage?: Record<string, AttributeValue>;
    readonly OldImage?: Record<string, AttributeValue>;
    readonly SequenceNumber?: string;
    readonly StreamViewType?: string;
  };
}

interface Shard {
  readonly ShardId: string;
  readonly ParentShardId?: string;
}

/** A record as the streams' API gives it, which says otherwise than Lambda who deleted an item. */
interface StreamRecord extends Omit<TableChange, 'userIdentity'> {
  readonly userIdentity?: { readonly Type?: string; readonly PrincipalId?: string };
}

/**
 * Reads a table's stream from its beginning, parents before their children, until `count` changes have come or the time is
 * over.
 */
export async function readTableStream(
  { dynamodb, api }: Clients,
  table: string,
  count: number,
  seconds: number,
): Promise<TableChange[]> {
  const { Table } = await dynamodb.send(new DescribeTableCommand({ TableName: table }));
  const StreamArn = Table?.LatestStreamArn;
  if (!StreamArn) throw new Error('DescribeTable names no stream of a table that was created with one');
  const iterators = new Map<string, string | undefined>();
  const changes: TableChange[] = [];
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const { StreamDescription } = await api.call<{ StreamDescription: { Shards: readonly Shard[] } }>(
      'streams',
      'DescribeStream',
      { StreamArn },
    );
    for (const shard of parentsFirst(StreamDescription.Shards)) {
      if (!iterators.has(shard.ShardId)) {
        const { ShardIterator } = await api.call<{ ShardIterator: string }>('streams', 'GetShardIterator', {
          StreamArn,
          ShardId: shard.ShardId,
          ShardIteratorType: 'TRIM_HORIZON',
        });
        iterators.set(shard.ShardId, ShardIterator);
      }
      const ShardIterator = iterators.get(shard.ShardId);
      if (ShardIterator === undefined) continue;
      const page = await api.call<{ Records: readonly StreamRecord[]; NextShardIterator?: string }>(
        'streams',
        'GetRecords',
        { ShardIterator },
      );
      changes.push(...page.Records.map(tableChange));
      iterators.set(shard.ShardId, page.NextShardIterator);
    }
    if (changes.length >= count || Date.now() >= end) return changes;
    await sleep(200);
  }
}

function tableChange({ userIdentity, ...record }: StreamRecord): TableChange {
  if (!userIdentity) return record;
  return { ...record, userIdentity: { type: userIdentity.Type, principalId: userIdentity.PrincipalId } };
}

function parentsFirst(shards: readonly Shard[]): Shard[] {
  const ids = new Set(shards.map(({ ShardId }) => ShardId));
  const isRoot = ({ ParentShardId }: Shard) => ParentShardId === undefined || !ids.has(ParentShardId);
  const below = (parents: readonly Shard[]): Shard[] =>
    parents.flatMap((parent) => [
      parent,
      ...below(shards.filter(({ ParentShardId }) => ParentShardId === parent.ShardId)),
    ]);
  return below(shards.filter(isRoot));
}
