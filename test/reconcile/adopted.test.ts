import { describe, expect, test } from 'vitest';
import { ENVIRONMENT } from '../../lib/aws/environment.ts';
import { cancel } from '../../lib/cancel/cancel.ts';
import { BINDINGS } from '../../lib/contract/bindings.ts';
import { readInbox } from '../../lib/ledger/inbox.ts';
import { RouteBook } from '../../lib/ledger/route-book.ts';
import { type RouteRow, routeKey } from '../../lib/ledger/rows/route.ts';
import { createReconciler } from '../../lib/reconcile/reconciler.ts';
import { claimRoute } from '../../lib/relay/route-claim.ts';
import { trace } from '../../lib/trace/trace.ts';
import { NOW, reconcileWorld } from './reconcile-world.ts';

const MINUTE = 60_000;

/** `payment`, with three messages of which it has ended one, is removed; `pay` takes its place, and `sales` has ended them all. */
async function renaming({ adopts = true }: { readonly adopts?: boolean } = {}) {
  const world = reconcileWorld({ subscribers: ['payment', 'pay', 'sales'] });
  const { ledger, clock, put, routes } = world;
  const environment = {
    ...world.environment,
    variables: { ...world.environment.variables, [BINDINGS.abandonAfter]: '5' },
  };
  const handler = createReconciler({ putMetrics: async () => undefined });
  const run = () => handler({}, { [ENVIRONMENT]: environment });
  const routeOf = (name: string) => routes.find(({ subscriber }) => subscriber === name) as RouteRow;
  // It came an hour ago.
  const payment = { ...routeOf('payment'), since: clock.now() - 3_600_000, revision: 1 };
  put(routeKey(payment.type, 'payment'), payment);
  world.table.write({ pk: { S: routeKey(payment.type, 'pay').pk }, sk: { S: 'pay' } }, undefined as never);
  await run();
  const ids = [0, 1, 2].map(() => world.commit(world.mint(0)));
  for (const id of ids) world.end(id, 'sales');
  const [handled = '', cancelled = '', lost = ''] = ids;
  world.end(handled, 'payment');
  world.end(cancelled, 'payment', 'cancelled');
  clock.pass(1_000);

  const pay = routeOf('pay');
  const claim = { ...pay, adopts: adopts ? 'payment' : undefined, owner: 'stack|pay', request: 'r' };
  const claimPay = (rows: readonly RouteRow[] = [payment]) => {
    const row = claimRoute(rows, claim, clock.now());
    put(routeKey(row.type, 'pay'), row);
    return row;
  };
  const removePayment = () => put(routeKey(payment.type, 'payment'), { ...payment, until: clock.now() });
  const runs = async (minutes: number) => {
    for (let minute = 0; minute < minutes; minute++) {
      clock.pass(MINUTE);
      await run();
    }
  };
  const sentToPay = () =>
    world
      .queue('pay')
      .messages()
      .map(({ body }) => (JSON.parse(body) as { id: string }).id);
  return { ...world, environment, ids, handled, lost, run, runs, claimPay, removePayment, sentToPay, payment, ledger };
}

describe('what a removed subscriber has not ended', () => {
  test('is sent to its successor once it is abandoned, and what it has ended is not', async () => {
    const shop = await renaming();
    shop.claimPay();
    shop.removePayment();
    await shop.runs(2);
    expect(await readInbox(shop.ledger, 'payment', shop.lost)).toMatchObject({ state: 'abandoned' });
    await shop.runs(2);

    expect(shop.sentToPay()).toEqual([shop.lost]);
    const compared = await shop.reconcile();
    expect(compared).not.toHaveProperty('abandoned');
    expect(compared.missing.map(({ subscriber }) => subscriber)).not.toContain('payment');

    shop.end(shop.lost, 'pay');
    await shop.runs(10);
    expect(new Set(shop.sentToPay())).toEqual(new Set([shop.lost]));
    expect((await shop.reconcile({ from: NOW - MINUTE })).lines).toEqual({
      orders: { committed: 3, handled: 3, inFlight: 0, scheduled: 0, dead: 0 },
    });
  });

  test('is sent to a successor that comes long after it was abandoned', async () => {
    const shop = await renaming();
    shop.removePayment();
    await shop.runs(90);
    expect(shop.sentToPay()).toEqual([]);
    expect(await shop.reconcile({ from: shop.clock.now() - 7_200_000 })).toMatchObject({
      abandoned: [{ id: shop.lost }],
    });

    const { until } = { until: shop.clock.now() - 90 * MINUTE };
    shop.claimPay([{ ...shop.payment, until }]);
    await shop.runs(3);
    expect(new Set(shop.sentToPay())).toEqual(new Set([shop.lost]));
  });

  test('stays abandoned where nobody adopts it', async () => {
    const shop = await renaming({ adopts: false });
    shop.claimPay();
    shop.removePayment();
    await shop.runs(10);

    expect(shop.sentToPay()).toEqual([]);
    expect(await shop.reconcile({ from: shop.clock.now() - 1_200_000 })).toMatchObject({
      abandoned: [{ id: shop.lost }],
    });
  });

  test('is not sent to its successor while the former may still end it', async () => {
    const shop = await renaming();
    shop.claimPay();
    await shop.runs(5);
    expect(shop.sentToPay()).toEqual([]);
  });

  test('is no message that its producer has taken back meanwhile', async () => {
    const shop = await renaming();
    shop.claimPay();
    shop.removePayment();
    const { clock } = shop;
    clock.pass(MINUTE);
    const message = shop.commit(shop.mint(2 * MINUTE));
    expect(await cancel(message, { environment: shop.environment })).toMatchObject({ cancelled: true });
    await shop.runs(6);
    expect(shop.sentToPay()).not.toContain(message);
  });

  test('is told by the trace at its successor alone once it is adopted, and not before', async () => {
    const shop = await renaming();
    shop.claimPay();
    const names = async () =>
      (await trace(shop.environment, shop.inspection, shop.lost)).subscribers.map(({ subscriber }) => subscriber);
    expect(await names()).toEqual(['payment', 'sales']);
    shop.removePayment();
    await shop.runs(2);
    expect(await names()).toEqual(['pay', 'payment', 'sales']);
  });
});

test('while both are there, the relay sends to the former alone, and afterwards to its successor', async () => {
  const shop = await renaming();
  const { type } = shop.payment;
  const { since } = shop.claimPay();
  shop.clock.pass(MINUTE);
  const between = shop.mint(0);
  const routesOf = async (id: string) => {
    const [routes = []] = await new RouteBook(shop.ledger).routesOf([{ id, type }]);
    return routes.map(({ subscriber }) => subscriber);
  };
  expect(shop.clock.now()).toBeGreaterThan(since);
  expect(await routesOf(between)).toEqual(['payment', 'sales']);
  shop.clock.pass(1);
  shop.removePayment();
  expect(await routesOf(between)).toEqual(['payment', 'sales']);
  shop.clock.pass(MINUTE);
  expect(await routesOf(shop.mint(0))).toEqual(['pay', 'sales']);
});
