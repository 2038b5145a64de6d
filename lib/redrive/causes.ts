import { unmarshall } from '@aws-sdk/util-dynamodb';
import { type Environment, environmentOf } from '../aws/environment.ts';
import { deadOf } from '../ledger/dead.ts';
import { readGraph } from '../ledger/graph.ts';
import { type Ledger, ledgerOf } from '../ledger/ledger.ts';
import { rowsOf } from '../ledger/partition.ts';
import { type CauseRow, causePartition } from '../ledger/rows/cause.ts';
import { withEveryShard } from '../ledger/shards.ts';

/** What of a subscriber is dead of one cause now. */
export interface DeadGroup {
  readonly subscriber: string;
  /** Eight hex digits: alike for what died alike. */
  readonly cause: string;
  /** The error's code. */
  readonly reason: string;
  /** What is dead now, not what ever died. */
  readonly count: number;
  /** The first and the last death of these, ISO 8601. */
  readonly first: string;
  readonly last: string;
  /** One of them: its id, and what the error said. */
  readonly sample: { readonly id: string; readonly detail: string };
  /** The function that threw, e.g. `index.mjs:pay`; absent where the error has no stack. */
  readonly frame?: string;
}

/** What is listed, and where. */
export interface ListDeadOptions {
  /** What is dead at one subscriber only. @default at every one */
  readonly subscriber?: string;
  /** @default the process's own: bindings from `process.env`, the AWS SDK's default credentials and region */
  readonly environment?: Environment;
}

/**
 * What is dead, by subscriber and cause, the largest groups of each subscriber first.
 *
 * @throws MissingBinding when the ledger's name or shard count is not bound
 */
export async function listDead({
  subscriber,
  environment = environmentOf(),
}: ListDeadOptions = {}): Promise<DeadGroup[]> {
  return deadGroups(await withEveryShard(ledgerOf(environment)), subscriber);
}

/** `listDead`, of a ledger. */
export async function deadGroups(ledger: Ledger, subscriber?: string): Promise<DeadGroup[]> {
  const subscribers = subscriber === undefined ? (await readGraph(ledger)).subscribers : [subscriber];
  const groups: DeadGroup[] = [];
  for (const one of subscribers) groups.push(...(await groupsOf(ledger, one)));
  return groups;
}

type Counted = Omit<DeadGroup, 'first' | 'last' | 'frame'> & { readonly first: number; readonly last: number };

async function groupsOf(ledger: Ledger, subscriber: string): Promise<DeadGroup[]> {
  const counted = new Map<string, Counted>();
  for await (const page of deadOf(ledger, subscriber)) {
    for (const { id, died, cause, reason, detail } of page) {
      const known = counted.get(cause);
      const { count = 0, first = died, last = died } = known ?? {};
      const sample = known && known.last > died ? known.sample : { id, detail };
      const span = { first: Math.min(first, died), last: Math.max(last, died) };
      counted.set(cause, { subscriber, cause, reason, count: count + 1, ...span, sample });
    }
  }
  if (counted.size === 0) return [];
  const rows = await rowsOf(ledger, causePartition(subscriber));
  const frames = new Map(rows.map((row) => [row.sk?.S, (unmarshall({ ...row }) as CauseRow).frame]));
  const groups = [...counted.values()].sort((one, other) => other.count - one.count || one.first - other.first);
  return groups.map(({ first, last, ...group }) => {
    const frame = frames.get(group.cause);
    return {
      ...group,
      first: new Date(first).toISOString(),
      last: new Date(last).toISOString(),
      ...(frame && { frame }),
    };
  });
}
