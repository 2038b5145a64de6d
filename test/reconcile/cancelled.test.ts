import { describe, expect, test } from 'vitest';
import { toItem } from '../../lib/aws/attribute.ts';
import { cancel } from '../../lib/cancel/cancel.ts';
import { inboxKey } from '../../lib/ledger/rows/inbox.ts';
import { outboxKey } from '../../lib/ledger/rows/outbox.ts';
import { routeKey } from '../../lib/ledger/rows/route.ts';
import { delaying, HOUR, MINUTE } from './delaying-world.ts';
import { DEADLINE, NOW } from './reconcile-world.ts';

describe('a cancelled message', () => {
  test('is counted among the copies that were cancelled, and neither missing nor uncaused', async () => {
    const { run, runFor, commit, mint, at, wait, reconcile, cases, table, environment } = delaying({
      subscribers: ['payment', 'sales'],
    });
    await run();
    const moment = NOW + 20 * MINUTE;
    const id = commit(mint(0), 'order.placed', at(moment));
    wait(id, moment);
    expect(await cancel(id, { environment })).toMatchObject({ cancelled: true });
    expect(await runFor(25 * MINUTE)).toMatchObject({ 'orders.missing-ratio': 0, uncaused: 0 });
    expect(await cases()).toEqual([]);
    const { lines, copies, missing } = await reconcile({ from: NOW - MINUTE });
    expect({ lines, missing }).toEqual({
      lines: { orders: { committed: 1, handled: 1, inFlight: 0, scheduled: 0, dead: 0 } },
      missing: [],
    });
    expect(copies).toMatchObject({ cancelled: 2, handled: 0 });
    table.write(toItem(outboxKey(id)), undefined);
    expect((await reconcile({ from: NOW - MINUTE })).uncaused).toEqual([]);
  });

  test('is ended where it came to be expected only afterwards, rather than sent there', async () => {
    const { run, runFor, commit, mint, at, wait, routes, put, table, environment, queue, reconcile, cases } =
      delaying();
    const [route] = routes;
    if (!route) throw new Error('The world has no route');
    // Nobody expects it when it is cancelled; then comes the first subscriber that its type ever had.
    table.write(toItem(routeKey(route.type, route.subscriber)), undefined);
    await run();
    const moment = NOW + 20 * MINUTE;
    const id = commit(mint(0), 'order.placed', at(moment));
    wait(id, moment);
    expect(await cancel(id, { environment })).toMatchObject({ cancelled: true });
    put(routeKey(route.type, route.subscriber), route);
    expect(table.get(toItem(inboxKey('payment', id)))).toBeUndefined();
    const worst = await runFor(25 * MINUTE);
    expect(worst).toMatchObject({ 'orders.missing-ratio': 0 });
    expect(queue('payment').messages()).toEqual([]);
    // From now on, a copy that is still on its way takes no effect either.
    expect(table.get(toItem(inboxKey('payment', id)))).toMatchObject({ state: { S: 'cancelled' } });
    expect(await cases()).toEqual([]);
    expect((await reconcile({ from: NOW - MINUTE })).copies).toMatchObject({ cancelled: 1 });
  });

  test('is not missing for reconciliation that only reads, either', async () => {
    const { commit, mint, reconcile } = delaying();
    commit(mint(DEADLINE + HOUR), 'order.placed', {}, { cancelled: NOW - HOUR });
    const { missing, copies } = await reconcile({ from: NOW - 2 * HOUR });
    expect({ missing, copies }).toMatchObject({ missing: [], copies: { cancelled: 1 } });
  });
});
