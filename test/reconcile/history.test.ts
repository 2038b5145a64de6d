import { describe, expect, test } from 'vitest';
import { ENVIRONMENT } from '../../lib/aws/environment.ts';
import { casesOf } from '../../lib/reconcile/cases.ts';
import { createReconciler } from '../../lib/reconcile/reconciler.ts';
import { DEADLINE, reconcileWorld } from './reconcile-world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A ledger that nobody has reconciled yet, and whose relay is still. */
function neverReconciled() {
  const world = reconcileWorld({ subscribers: ['payment'] });
  const handler = createReconciler({ putMetrics: async () => undefined });
  const named = async () => {
    const ids: string[] = [];
    for (let shard = 0; shard < world.ledger.shards; shard++) {
      for await (const { id } of casesOf(world.ledger, shard)) ids.push(id);
    }
    return ids.sort();
  };
  /** Compares once a minute. */
  const run = async (times: number) => {
    for (let count = 0; count < times; count++) {
      await handler({ run: 'compare' }, { [ENVIRONMENT]: world.environment });
      world.clock.pass(MINUTE);
    }
  };
  return { ...world, named, run };
}

describe('what was committed before the first comparison of a ledger', () => {
  test('is named by it, from the creation of its table on, and does not keep what is new waiting', async () => {
    const { commit, mint, clock, named, run } = neverReconciled();
    const oldest = commit(mint(0));
    clock.pass(5 * HOUR);
    const old = commit(mint(0));
    clock.pass(3 * HOUR);
    const latest = commit(mint(0));
    clock.pass(DEADLINE + MINUTE);

    await run(1);
    expect(await named()).toEqual([oldest, latest].sort());
    // An hour of it a run.
    await run(8);
    expect(await named()).toEqual([oldest, old, latest].sort());
  });

  test('is named where the first runs come to nothing for an hour', async () => {
    const { commit, mint, clock, named, run } = neverReconciled();
    const lost = commit(mint(0));
    clock.pass(HOUR);
    await run(2);
    expect(await named()).toEqual([lost]);
  });

  test('is nothing where a ledger was compared from the beginning: then no cursor of it is read or written', async () => {
    const { commit, mint, clock, table, run } = neverReconciled();
    commit(mint(0));
    clock.pass(DEADLINE + MINUTE);
    await run(3);
    clock.pass(HOUR);
    await run(3);
    expect(table.items().filter((row) => JSON.stringify(row).includes('history'))).toEqual([]);
  });
});
