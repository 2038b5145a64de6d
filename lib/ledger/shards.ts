import { unmarshall } from '@aws-sdk/util-dynamodb';
import { toItem } from '../aws/attribute.ts';
import type { Environment } from '../aws/environment.ts';
import { shardsWhenMinted } from '../message/message-id.ts';
import { type Ledger, putRow, queryPage } from './ledger.ts';
import { SHARDS_KEY, type ShardsRow } from './rows/shards.ts';

/**
 * The ledger with every shard that it ever had. Whoever lists its rows begins with this: the shard count of a binding says
 * for how many shards new ids are minted, and was greater before it was lowered or rolled back, or is in another stack.
 */
export async function withEveryShard(ledger: Ledger): Promise<Ledger> {
  return { ...ledger, shards: Math.max(ledger.shards, await writtenShards(ledger)) };
}

/**
 * `withEveryShard`, for whoever may write the count: where its own binding is greater, the ledger knows it from now on. So it
 * does where the relay has not come past a message since the count was raised, and the count is lowered before it does.
 */
export async function tellingShards(ledger: Ledger): Promise<Ledger> {
  const known = await writtenShards(ledger);
  if (known < ledger.shards) await raiseTo(ledger, ledger.shards);
  return { ...ledger, shards: Math.max(ledger.shards, known) };
}

/** The greatest count that the ledger knows; 0 where it knows none. */
async function writtenShards(ledger: Ledger): Promise<number> {
  const { Items = [] } = await queryPage(ledger, SHARDS_KEY.pk, { ConsistentRead: true });
  return Math.max(0, ...Items.map((item) => (unmarshall(item) as ShardsRow).shards));
}

/** The greatest shard count that is known to be written, by environment: in Lambda, by process. */
const written = new WeakMap<Environment, number>();

/**
 * Has the ledger know the greatest shard count of these ids and of the binding. Nothing is asked for where this process
 * has seen as great a count written, so it costs one write a process and deploy.
 */
export async function raiseShards(ledger: Ledger, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const shards = ids.reduce((most, id) => Math.max(most, shardsWhenMinted(id)), ledger.shards);
  if (shards <= (written.get(ledger.environment) ?? 0)) return;
  await raiseTo(ledger, shards);
}

/** Writes the count over a lower one. */
export async function raiseTo(ledger: Ledger, shards: number): Promise<void> {
  const { row } = await putRow<ShardsRow>(
    ledger,
    { ...SHARDS_KEY, shards },
    {
      ConditionExpression: 'attribute_not_exists(shards) OR shards < :shards',
      ExpressionAttributeValues: toItem({ ':shards': shards }),
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    },
  );
  written.set(ledger.environment, Math.max(shards, row?.shards ?? 0));
}
