import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { generateOrders } from '../../demo/orders.ts';
import { runOrders } from '../../demo/run.ts';
import { problemsOf } from '../../demo/summary.ts';
import { createEnvironment } from '../../lib/aws/environment.ts';
import { DelayedEvents } from './delayed-events.ts';
import { changeRole, grantsOf } from './deployed-roles.ts';
import { EnforcedShop } from './enforced-shop.ts';
import { RareEvents } from './rare-events.ts';
import { needed } from './recorded-calls.ts';
import { unneededGrants, usedByAws, usedInRedrives } from './unneeded-grants.ts';

const ORDERS = 20;

let shop: EnforcedShop;
let events: RareEvents;
let delayed: DelayedEvents;

beforeAll(async () => {
  shop = await EnforcedShop.deploy();
  for (const [name, value] of Object.entries(shop.engine.env)) vi.stubEnv(name, value);
  const producer = createEnvironment(shop.deployment.variables);
  events = new RareEvents(shop, producer);
  delayed = new DelayedEvents(shop, producer);
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await shop?.stop();
});

test('the whole demo comes out right by what the roles may do, and so does what is lost, broken, delayed, given up or too large', async () => {
  const lost = [...(await events.lose()), ...(await delayed.leavePending())];
  await events.sendLargest();
  const waiting = [...(await delayed.publish()), ...(await delayed.forward()), ...(await delayed.sweep())];
  const finished = await runOrders({
    deployment: shop.deployment,
    orders: generateOrders(ORDERS, 1),
    duplicates: 0.2,
    poison: 0.2,
    progress: { step: () => undefined, count: () => undefined },
  });
  expect(problemsOf(finished)).toEqual([]);
  expect(Object.values(finished.verdict.subscribers).map(({ handled }) => handled)).toEqual(Array(4).fill(ORDERS));
  expect(Object.values(finished.verdict.subscribers).every(({ deadLettered }) => deadLettered > 0)).toBe(true);
  await Promise.all([events.fail(), events.giveUp()]);
  await events.untilEnded(waiting);
  await events.untilHealed(lost);
  await events.untilEmpty();
  expect(await shop.invoke(shop.role('DashboardRadarRole'))).toBeUndefined();
});

test('every action that the roles grant is used, or AWS itself uses it for a reason that was reviewed', async () => {
  const calls = await shop.callsByRole();
  const reviewed = [...usedByAws, ...usedInRedrives];
  expect(unneededGrants(shop.roles, calls, reviewed)).toEqual({ grants: [], listed: [] });
  for (const { reason } of reviewed) expect(reason.length).toBeGreaterThan(40);

  const [first] = shop.roles;
  const wide = { Effect: 'Allow', Action: 'sqs:PurgeQueue', Resource: '*' } as const;
  const wider = { ...first, byQueues: [], policies: [{ name: 'wide', document: { Statement: [wide] } }] };
  expect(unneededGrants([wider as (typeof shop.roles)[number]], calls, []).grants).toEqual([
    `${first?.logicalId}: sqs:PurgeQueue on *`,
  ]);
});

test('no function asks for a row of the ledger that its role does not grant', async () => {
  const calls = await shop.callsByRole();
  const table = `table/${shop.deployment.ledger}`;
  const refused = shop.roles.flatMap((role) => {
    const grants = grantsOf(role);
    return (calls.get(role.name) ?? [])
      .filter(({ resource }) => resource === table)
      .filter((call) => !grants.some((grant) => needed(call, grant)))
      .map(({ action, keys }) => `${role.logicalId}: ${action} on ${keys}`);
  });
  expect([...new Set(refused)]).toEqual([]);
});

test('a role without one of its actions fails', async () => {
  const reconciler = shop.role('LedgerReconcilerRole');
  await changeRole(shop.api, reconciler, (statement) => ({
    ...statement,
    Action: [statement.Action].flat().filter((action) => action !== 'dynamodb:Query'),
  }));
  expect(await shop.invoke(reconciler)).toContain('not authorized to perform: dynamodb:Query');
});
