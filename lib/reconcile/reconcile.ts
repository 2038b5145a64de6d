import { concurrently } from '../aws/concurrently.ts';
import type { Environment } from '../aws/environment.ts';
import { Inspection, type InspectionOptions } from '../inspect/inspection.ts';
import { type Graph, readGraph } from '../ledger/graph.ts';
import { minuteOf } from '../ledger/rows/layout.ts';
import { messageIdRange, messageTime } from '../message/message-id.ts';
import { Bucket, type Unended, type Waiting } from './bucket.ts';
import { dueMessages } from './due-messages.ts';
import { joinById } from './join.ts';
import { committedIn, endedIn } from './ledger-sets.ts';
import { type LineCounts, type Reconciliation, Tally } from './tally.ts';

/** Which messages `reconcile` looks at, and whom it tells. */
export interface ReconcileOptions extends InspectionOptions {
  /** The moment of the oldest message id to look at, in milliseconds since the epoch. */
  readonly from: number;
  /** The moment of the newest one. A commit takes up to a minute, and clocks differ. @default in 6 minutes */
  readonly to?: number;
  /**
   * Whether to look at the delayed messages, too, whose moment lies in the range although they were committed before it.
   * @default false
   */
  readonly due?: boolean;
  /** @default read from the ledger */
  readonly graph?: Graph;
  /** Called for each message and subscriber at which it has not ended, but for those that wait for their moment. */
  readonly onUnended?: (unended: Unended) => void;
  /** Called for each message that waits for its moment and each subscriber of it, some of them at a time. */
  readonly onWaiting?: (waiting: readonly Waiting[]) => Promise<void>;
  /** Called for each bucket of a minute and shard that is done. */
  readonly onBucket?: (minute: string, counts: Readonly<Record<string, LineCounts & { missing: number }>>) => void;
}

const MINUTE = 60_000;
const LOOKAHEAD = 6 * MINUTE;
const BUCKETS_AT_ONCE = 8;
/** Messages with suspects that are held in memory at once, by bucket. */
const HELD = 256;

/**
 * Compares the outbox with every inbox, id by id, over the messages of a range of time: exact, in memory that does not
 * grow with it, and the same each time it runs. Nothing is named missing or uncaused before consistent reads say so.
 */
export async function reconcile(environment: Environment, options: ReconcileOptions): Promise<Reconciliation> {
  const { ledger, shards, from, to = environment.now() + LOOKAHEAD } = options;
  const graph = options.graph ?? (await readGraph(environment, ledger));
  const inspection = new Inspection(environment, options);
  const total = new Tally();
  const range = messageIdRange(from, to);
  const buckets = bucketsOf(from, to, shards);
  await concurrently(BUCKETS_AT_ONCE, buckets, async ({ minute, shard }) => {
    const tally = new Tally();
    const { onUnended, onWaiting } = options;
    const bucket = new Bucket(environment, { ledger, graph, inspection, tally, onUnended, onWaiting });
    const committed = committedIn(environment, ledger, minute, shard, range);
    const ends = graph.subscribers.map((subscriber) => endedIn(environment, ledger, subscriber, minute, shard, range));
    for await (const joined of joinById(committed, ends)) {
      bucket.judge(joined);
      if (bucket.held >= HELD) await bucket.settle();
    }
    await bucket.settle();
    options.onBucket?.(minute, tally.lines);
    total.add(tally);
  });
  if (options.due) await reconcileDue(environment, options, { graph, inspection, total });
  return total.reconciliation();
}

async function reconcileDue(
  environment: Environment,
  { ledger, shards, from, onUnended, onWaiting }: ReconcileOptions,
  { graph, inspection, total }: { readonly graph: Graph; readonly inspection: Inspection; readonly total: Tally },
): Promise<void> {
  const range = { ledger, graph, from, to: environment.now() };
  const everyShard = Array.from({ length: shards }, (_, shard) => shard);
  await concurrently(BUCKETS_AT_ONCE, everyShard, async (shard) => {
    const tally = new Tally();
    const bucket = new Bucket(environment, { ledger, graph, inspection, tally, onUnended, onWaiting });
    for await (const messages of dueMessages(environment, range, shard)) {
      // The others were looked at by their ids.
      for (const message of messages) if (messageTime(message.id) < from) bucket.judge(message);
      await bucket.settle();
    }
    total.add(tally);
  });
}

interface BucketName {
  readonly minute: string;
  readonly shard: number;
}

function bucketsOf(from: number, to: number, shards: number): BucketName[] {
  const buckets: BucketName[] = [];
  for (let time = from - (from % MINUTE); time <= to; time += MINUTE) {
    for (let shard = 0; shard < shards; shard++) buckets.push({ minute: minuteOf(time), shard });
  }
  return buckets;
}
