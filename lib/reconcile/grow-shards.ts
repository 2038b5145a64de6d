import { concurrently } from '../aws/concurrently.ts';
import { quietly } from '../aws/environment.ts';
import { BINDINGS } from '../contract/bindings.ts';
import { METRICS } from '../contract/metrics.ts';
import { type Ledger, ledgerOf, queryPage } from '../ledger/ledger.ts';
import { raiseMinted, readMinted } from '../ledger/minted-shards.ts';
import { outboxPartition } from '../ledger/rows/outbox.ts';
import type { RadarBucket } from './radar-rows.ts';

/** Messages of a minute that a shard takes with room to spare: 40 a second. DynamoDB throttles at some 250 a second of 2 KB. */
export const MESSAGES_A_SHARD = 40 * 60;
/** A shard that has so many times the mean is one business key's: more shards would not divide it. */
const HOT = 3;
const SHARDS_AT_ONCE = 8;

/** What became of the shards: `hot` where one business key has most of what is too much. */
export type Growth = 'grown' | 'hot' | undefined;

/**
 * Doubles the shards for which ids are minted once the fullest of the minutes that were counted has too many messages for
 * them. So a ledger that needs much more has it in steps of ten minutes. Nothing is ever lowered.
 *
 * @param counted what was committed lately, by business line
 * @param messagesAShard of a minute, that a shard takes
 */
export async function growShards(
  ledger: Ledger,
  counted: ReadonlyMap<string, readonly RadarBucket[]>,
  messagesAShard = MESSAGES_A_SHARD,
): Promise<Growth> {
  const { environment } = ledger;
  const most = Number(environment.variables[BINDINGS.maxShards] ?? 0);
  const configured = ledgerOf(environment).shards;
  if (!(most > configured)) return undefined;
  const minted = await readMinted(ledger);
  const shards = Math.max(configured, minted?.shards ?? 0);
  const { since = 0 } = minted ?? {};
  if (shards >= most || since > environment.now()) return undefined;

  const minute = fullest(counted, since);
  if (!minute || minute.committed <= shards * messagesAShard) return undefined;
  const lying = await concurrently(SHARDS_AT_ONCE, [...Array(shards).keys()], (shard) =>
    rowsIn(ledger, outboxPartition(minute.name, shard)),
  );
  const mean = lying.reduce((sum, rows) => sum + rows, 0) / shards;
  const busiest = Math.max(...lying);
  if (busiest >= HOT * mean) {
    const shard = lying.indexOf(busiest);
    quietly(() => environment.log.warn('hot key', { minute: minute.name, shard, messages: busiest, mean }));
    quietly(() => environment.metrics.count(METRICS.hotKey, 1));
    return 'hot';
  }
  if (!(await raiseMinted(ledger, minted, shards * 2))) return undefined;
  quietly(() => environment.log.info('shards grow', { from: shards, to: shards * 2, messages: minute.committed }));
  return 'grown';
}

/** The minute with the most messages of all business lines together, of those whose ids were minted for the present count. */
function fullest(counted: ReadonlyMap<string, readonly RadarBucket[]>, since: number) {
  const sums = new Map<string, number>();
  for (const { minute, committed } of [...counted.values()].flat()) {
    if (Date.parse(`${minute}Z`) >= since) sums.set(minute, (sums.get(minute) ?? 0) + committed);
  }
  const [first] = [...sums].sort(([, one], [, other]) => other - one);
  return first && { name: first[0], committed: first[1] };
}

async function rowsIn(ledger: Ledger, partition: string): Promise<number> {
  let rows = 0;
  let from: Awaited<ReturnType<typeof queryPage>>['LastEvaluatedKey'];
  do {
    const page = await queryPage(ledger, partition, { Select: 'COUNT', ...(from && { ExclusiveStartKey: from }) });
    rows += page.Count ?? 0;
    from = page.LastEvaluatedKey;
  } while (from);
  return rows;
}
