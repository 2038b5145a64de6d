import { describe, expect, test } from 'vitest';
import { ENVIRONMENT } from '../../lib/aws/environment.ts';
import { cancel } from '../../lib/cancel/cancel.ts';
import { reconciliationTable } from '../../lib/cli/reconciliation-table.ts';
import { BINDINGS } from '../../lib/contract/bindings.ts';
import { readInbox } from '../../lib/ledger/inbox.ts';
import { expected, type RouteRow, routeKey } from '../../lib/ledger/rows/route.ts';
import { createReconciler } from '../../lib/reconcile/reconciler.ts';
import { claimRoute, releaseRoute } from '../../lib/relay/route-claim.ts';
import { trace } from '../../lib/trace/trace.ts';
import { DEADLINE, NOW, reconcileWorld } from './reconcile-world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** `sales` and `payment`, of which `payment` is removed a minute after a message that has ended at `sales` alone. */
async function removal(variables: Readonly<Record<string, string>> = {}) {
  const world = reconcileWorld({ subscribers: ['payment', 'sales'] });
  const environment = { ...world.environment, variables: { ...world.environment.variables, ...variables } };
  const handler = createReconciler({ putMetrics: async () => undefined });
  const run = () => handler({}, { [ENVIRONMENT]: environment });
  await run();
  const id = world.commit(world.mint(0));
  world.end(id, 'sales');
  await world.relay(id, 'payment');
  world.clock.pass(MINUTE);
  const [route] = world.routes;
  if (!route) throw new Error('The world has no route');
  const write = (change: Partial<RouteRow>) =>
    world.put(routeKey(route.type, route.subscriber), { ...route, ...change });
  write({ until: world.clock.now() });
  const runs = async (minutes: number) => {
    for (let minute = 0; minute < minutes; minute++) {
      world.clock.pass(MINUTE);
      await run();
      // The queue is gone with its subscriber, and with it what healing has sent there.
      for (const { receiptHandle = '' } of world.queue('payment').receive(10))
        world.queue('payment').delete(receiptHandle);
    }
  };
  const from = NOW - MINUTE;
  return { ...world, id, write, runs, restore: () => write({}), compare: () => world.reconcile({ from }) };
}

describe('what a removed subscriber has not ended', () => {
  test('is abandoned an hour after its removal, and not before', async () => {
    const { runs, ledger, id, environment } = await removal();
    await runs(59);
    expect(await readInbox(ledger, 'payment', id)).toBeUndefined();
    await runs(2);
    expect(await readInbox(ledger, 'payment', id)).toMatchObject({ state: 'abandoned' });
    const counted = environment.lines.flatMap(({ message, fields }) => (message === 'reconcile' ? [fields] : []));
    expect(counted).toContainEqual(expect.objectContaining({ abandoned: 1 }));
  });

  test('is told with its count and its id by the comparison, in words, and by the trace', async () => {
    const { runs, compare, environment, inspection, id } = await removal({ [BINDINGS.abandonAfter]: '5' });
    await runs(2);
    const reconciliation = await compare();
    expect(reconciliation).toMatchObject({
      lines: { orders: { committed: 1, handled: 0, abandoned: 1 } },
      copies: { handled: 1, abandoned: 1 },
      missing: [],
      uncaused: [],
      abandoned: [{ id, subscriber: 'payment' }],
    });
    const text = reconciliationTable(reconciliation).join('\n');
    expect(text).toContain(`Abandoned, since their subscriber was removed: 1\n  ${id}  payment`);
    const { subscribers } = await trace(environment, inspection, id);
    expect(subscribers).toMatchObject([
      { subscriber: 'payment', state: 'abandoned' },
      { subscriber: 'sales', state: 'handled' },
    ]);
  });

  test('is healed, and never abandoned, where a rollback restores the subscriber before', async () => {
    const { runs, restore, ledger, id, compare } = await removal();
    await runs(30);
    restore();
    await runs(60);
    expect(await readInbox(ledger, 'payment', id)).toBeUndefined();
    expect((await compare()).missing).toMatchObject([{ id, subscriber: 'payment' }]);
  });

  test('stays abandoned, and is told, when a subscriber of that name is added again', async () => {
    const { runs, compare, id, routes, clock, write } = await removal();
    await runs(62);
    const row = { ...(routes[0] as RouteRow), until: NOW + MINUTE, revision: 1 };
    const claim = { ...row, adopts: undefined, owner: 'stack|again', request: 'again' };
    write(claimRoute([row], claim, clock.now() + 3_000));
    await runs(10);
    expect(await compare()).toMatchObject({ abandoned: [{ id, subscriber: 'payment' }], missing: [] });
  });

  test('is healed, and not abandoned, when a subscriber of that name is added again within the hour', async () => {
    const { runs, compare, id, routes, clock, write, ledger } = await removal();
    await runs(30);
    const row = { ...(routes[0] as RouteRow), until: NOW + MINUTE, revision: 1 };
    const claim = { ...row, adopts: undefined, owner: 'stack|again', request: 'again' };
    write(claimRoute([row], claim, clock.now() + 3_000));
    await runs(90);
    expect(await readInbox(ledger, 'payment', id)).toBeUndefined();
    expect((await compare()).missing).toMatchObject([{ id, subscriber: 'payment' }]);
  });

  test('keeps no producer from taking the message back where it has not ended', async () => {
    const world = reconcileWorld({ subscribers: ['payment', 'sales'] });
    const id = world.commit(world.mint(0));
    world.end(id, 'payment', 'abandoned');
    expect(await cancel(id, { environment: world.environment })).toMatchObject({ cancelled: true });
    expect(await readInbox(world.ledger, 'sales', id)).toMatchObject({ state: 'cancelled' });
    expect(await readInbox(world.ledger, 'payment', id)).toMatchObject({ state: 'abandoned' });
  });
});

test('a subscriber that comes again still expects what it did not end before', () => {
  const claim = {
    type: 'order.placed',
    subscriber: 'payment',
    owner: 'stack|one',
    request: 'first',
    destination: { kind: 'queue', url: 'https://sqs/payment' } as const,
    deadline: DEADLINE,
    businessLine: 'orders',
  };
  const world = reconcileWorld();
  const before = world.mint(0);
  const first = claimRoute([], claim, NOW);
  const ended = releaseRoute(first, claim.owner, NOW + MINUTE) as RouteRow;
  const again = claimRoute([ended], { ...claim, request: 'second' }, NOW + HOUR);
  expect(again).toMatchObject({ since: NOW + HOUR, past: [{ since: 0, until: NOW + MINUTE }] });
  expect(again.until).toBeUndefined();
  world.clock.pass(10 * MINUTE);
  const between = world.mint(0);
  world.clock.pass(HOUR);
  const after = world.mint(0);
  const untilOf = (id: string) => expected(id, [again]).map(({ until }) => until);
  expect([untilOf(before), untilOf(between), untilOf(after)]).toEqual([[undefined], [], [undefined]]);
});
