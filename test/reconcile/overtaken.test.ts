import { describe, expect, test } from 'vitest';
import { minuteOf } from '../../lib/contract/timestamp.ts';
import { type Case, casesOf, openCase, rewriteCase } from '../../lib/reconcile/cases.ts';
import { readCursor, writeCursor } from '../../lib/reconcile/cursor.ts';
import { type RadarBucket, readRadar, writeRadar } from '../../lib/reconcile/radar-rows.ts';
import { NOW, reconcileWorld } from './reconcile-world.ts';

/** A ledger with one message of which a case can be opened. */
function doubted() {
  const world = reconcileWorld({ subscribers: ['payment'] });
  const id = world.mint(0);
  const opened: Case = {
    id,
    subscriber: 'payment',
    type: 'order.placed',
    businessLine: 'orders',
    state: 'waiting',
    tries: 0,
    next: NOW + 1_000,
  };
  const cases = async (): Promise<Case[]> => {
    const found: Case[] = [];
    for (let shard = 0; shard < world.ledger.shards; shard++) {
      for await (const one of casesOf(world.ledger, shard)) found.push(one);
    }
    return found;
  };
  return { ...world, opened, cases };
}

describe('a run of reconciliation that another one has overtaken', () => {
  test('opens no case anew: how often its message was sent is not forgotten', async () => {
    const { ledger, opened, cases } = doubted();
    await openCase(ledger, opened);
    const tried: Case = { ...opened, state: 'missing', hop: 'broker', evidence: 'gone', tries: 4, next: NOW + 90_000 };
    expect(await rewriteCase(ledger, opened, tried)).toBe(true);

    await openCase(ledger, opened);

    expect(await cases()).toEqual([tried]);
  });

  test.each([
    ['tried', { tries: 1 }],
    ['put off', { next: NOW + 5_000 }],
  ])('does not rewrite a case that was %s meanwhile', async (_, meanwhile) => {
    const { ledger, opened, cases } = doubted();
    await openCase(ledger, opened);
    await rewriteCase(ledger, opened, { ...opened, ...meanwhile });

    expect(await rewriteCase(ledger, opened, { ...opened, tries: 7, next: NOW + 7_000 })).toBe(false);

    expect(await cases()).toEqual([{ ...opened, ...meanwhile }]);
  });

  test('does not open again by rewriting it what was closed', async () => {
    const { ledger, opened, cases } = doubted();

    expect(await rewriteCase(ledger, opened, { ...opened, tries: 1 })).toBe(false);

    expect(await cases()).toEqual([]);
  });

  test('leaves a first cursor where the other has put it', async () => {
    const { ledger } = doubted();
    await writeCursor(ledger, 'due', undefined, { upTo: 200, counted: 2 });

    await writeCursor(ledger, 'due', undefined, { upTo: 100, counted: 1 });

    expect(await readCursor(ledger, 'due')).toMatchObject({ upTo: 200, counted: 2 });
  });

  test('does not move a cursor back, nor its counts', async () => {
    const { ledger } = doubted();
    await writeCursor(ledger, 'due', undefined, { upTo: 100, counted: 1 });
    const read = await readCursor<{ upTo: number; counted: number }>(ledger, 'due');
    await writeCursor(ledger, 'due', read, { upTo: 300, counted: 3 });

    await writeCursor(ledger, 'due', read, { upTo: 200, counted: 2 });

    expect(await readCursor(ledger, 'due')).toMatchObject({ upTo: 300, counted: 3 });
  });

  test("leaves the radar the later run's counts", async () => {
    const { ledger } = doubted();
    const bucket = (asOf: number, committed: number): RadarBucket => {
      const counts = { committed, handled: 0, inFlight: committed, scheduled: 0, dead: 0, missing: 0 };
      return { businessLine: 'orders', minute: minuteOf(NOW), ...counts, asOf };
    };
    await writeRadar(ledger, [bucket(NOW, 1)]);
    await writeRadar(ledger, [bucket(NOW + 2, 3)]);

    await writeRadar(ledger, [bucket(NOW + 1, 2)]);

    const shown = await readRadar(ledger, ['orders'], { from: NOW, to: NOW });
    expect(shown.get('orders')).toEqual([bucket(NOW + 2, 3)]);
  });
});
