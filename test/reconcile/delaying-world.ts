import { expect } from 'vitest';
import { ENVIRONMENT } from '../../lib/aws/environment.ts';
import type { DueRow } from '../../lib/ledger/rows/due.ts';
import { decodeEnvelope } from '../../lib/message/envelope.ts';
import { type Case, casesOf } from '../../lib/reconcile/cases.ts';
import { createReconciler, type Metric } from '../../lib/reconcile/reconciler.ts';
import { createForwarder } from '../../lib/relay/forwarder.ts';
import { queueRecord } from '../../lib/testing/lambda/lambda-event.ts';
import { reconcileWorld } from './reconcile-world.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const PATIENCE = 30_000;

/** A ledger with a reconciler and a forwarder, in which messages wait for their moments. */
export function delaying(options: Parameters<typeof reconcileWorld>[0] = { subscribers: ['payment'] }) {
  const world = reconcileWorld(options);
  const { environment, ledger, clock, forwardQueue } = world;
  const metrics: Metric[][] = [];
  const reconciler = createReconciler({ putMetrics: async (_ledger, some) => void metrics.push([...some]) });
  const run = async () => {
    await reconciler({}, { [ENVIRONMENT]: environment });
    return Object.fromEntries((metrics.at(-1) ?? []).map(({ name, value }) => [name, value]));
  };
  return {
    ...world,
    run,
    /** Runs once a minute for so long. */
    async runFor(milliseconds: number) {
      let worst: Record<string, number> = {};
      for (const until = clock.now() + milliseconds; clock.now() < until; ) {
        clock.pass(Math.min(MINUTE, until - clock.now()));
        const values = await run();
        worst = Object.fromEntries(
          Object.keys(values).map((key) => [key, Math.max(values[key] ?? 0, worst[key] ?? 0)]),
        );
      }
      return worst;
    },
    cases: async () => {
      const cases: Case[] = [];
      for (let shard = 0; shard < ledger.shards; shard++) {
        for await (const one of casesOf(ledger, shard)) cases.push(one);
      }
      return cases;
    },
    summary: () => environment.lines.findLast(({ message }) => message === 'reconcile')?.fields,
    dues: () => world.table.rows().filter(({ pk }) => String(pk).startsWith('due#')) as unknown as DueRow[],
    /** Lets the forwarder take what lies in its queue. */
    async forward() {
      const records = forwardQueue.receive(10).map((message) => queueRecord('forward', message));
      const { batchItemFailures } = await createForwarder()({ Records: records }, { [ENVIRONMENT]: environment });
      expect(batchItemFailures).toEqual([]);
      for (const { receiptHandle } of records) forwardQueue.delete(receiptHandle);
      return records.map(({ body }) => decodeEnvelope(body).id);
    },
  };
}
