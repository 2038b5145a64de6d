import { randomBytes } from 'node:crypto';
import { DeleteItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { tableBinding } from 'waybill';
import type { Redrive } from 'waybill/operations';
import { generateOrders } from '../../demo/orders.ts';
import { runOrders } from '../../demo/run.ts';
import { problemsOf } from '../../demo/summary.ts';
import { OrderPlaced } from '../../examples/commerce/contract.ts';
import { createEnvironment } from '../../lib/aws/environment.ts';
import { readCircuit } from '../../lib/ledger/circuit.ts';
import type { Ledger } from '../../lib/ledger/ledger.ts';
import { createEnvelope, encodeEnvelope } from '../../lib/message/envelope.ts';
import { DelayedEvents } from './delayed-events.ts';
import { changeRole, grantsOf } from './deployed-roles.ts';
import { EnforcedShop } from './enforced-shop.ts';
import { BANK, ChargeCard, Outages } from './fragile.ts';
import type { Order } from './operator.ts';
import { type Expected, order, POLL, RareEvents } from './rare-events.ts';
import { needed } from './recorded-calls.ts';
import { unneededGrants, usedByAws } from './unneeded-grants.ts';

const ORDERS = 20;

let shop: EnforcedShop;
let events: RareEvents;
let delayed: DelayedEvents;
let dead: readonly Expected[];
let expired: Expected;

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
  const unseen = await events.lose();
  const lost = [...unseen, ...(await delayed.leavePending())];
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
  const [given] = await Promise.all([events.giveUp(), events.fail()]);
  await events.untilEnded(waiting);
  await events.untilHealed(lost);
  await events.untilEmpty();
  dead = given;
  expired = unseen.at(-1) as Expected;
  expect(await shop.invoke(shop.role('DashboardRadarRole'))).toBeUndefined();
});

test('what is dead is redriven at every subscriber, and an outage is outlived, by what the roles may do', async () => {
  const operators = new Operators(shop);
  const redrives = await operators.redrive(dead);
  expect([...redrives].filter(([, { state, sent, handled }]) => state !== 'done' || handled < sent)).toEqual([]);
  expect([...redrives.values()].reduce((sum, { handled }) => sum + handled, 0)).toBe(dead.length);
  await operators.republish(expired);
  await operators.outage();
  await events.untilEmpty();
});

test('every action that the roles grant is used, or AWS itself uses it for a reason that was reviewed', async () => {
  const calls = await shop.callsByRole();
  expect(unneededGrants(shop.roles, calls, usedByAws)).toEqual({ grants: [], listed: [] });
  for (const { reason } of usedByAws) expect(reason.length).toBeGreaterThan(40);

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

/** Does what operators do, by what their function may do: the ledger's functions carry it out by what theirs may. */
class Operators {
  readonly #shop: EnforcedShop;
  readonly #ledger: Ledger;

  constructor(shop: EnforcedShop) {
    this.#shop = shop;
    const { ledger: table, shards } = shop.deployment;
    this.#ledger = { environment: { ...createEnvironment({}), dynamodb: shop.dynamodb }, table, shards };
  }

  /**
   * Redrives what is dead. At one of the subscribers the first wave is out while it is stopped and resumed.
   *
   * @returns how the redrives ended, by subscriber
   */
  async redrive(dead: readonly Expected[]): Promise<Map<string, Redrive>> {
    const breaking = this.#shop.role('chargecardfunction');
    await this.#shop.switch(breaking, false);
    const own = dead.filter(([subscriber]) => subscriber === ChargeCard.name);
    const [[, operation = ''] = []] = await this.#begin(own);
    await expect.poll(async () => (await this.#ask('read', operation)).sent, POLL).toBe(1);
    expect(await this.#ask('stop', operation)).toMatchObject({ state: 'stopped', reason: 'operator' });
    await this.#ask('resume', operation);
    await this.#shop.switch(breaking, true);
    const ended = await this.#untilOver([[ChargeCard.name, operation]]);
    const others = await this.#untilOver(await this.#begin(dead.filter((one) => !own.includes(one))));
    return new Map([...ended, ...others]);
  }

  /** Publishes what has expired anew, and no more: it may expire again. */
  async republish(expired: Expected): Promise<void> {
    const [[, operation = ''] = []] = await this.#begin([expired]);
    await expect.poll(async () => (await this.#ask('read', operation)).sent, POLL).toBe(1);
    await this.#ask('stop', operation);
  }

  async #begin(dead: readonly Expected[]): Promise<Expected[]> {
    const operations: Expected[] = [];
    for (const [subscriber, some] of Map.groupBy(dead, ([name]) => name)) {
      const ids = some.map(([, id]) => id);
      operations.push([subscriber, (await this.#ask('redrive', subscriber, ids)).operation]);
    }
    return operations;
  }

  async #untilOver(operations: readonly Expected[]): Promise<Map<string, Redrive>> {
    const all = () => Promise.all(operations.map(([, operation]) => this.#ask('read', operation)));
    const isOver = ({ state }: Redrive) => state === 'done' || state === 'stopped';
    await expect.poll(async () => (await all()).filter((one) => !isOver(one)), POLL).toEqual([]);
    const ended = await all();
    return new Map(operations.map(([subscriber], index) => [subscriber, ended[index] as Redrive]));
  }

  /** Has a provider fail until its circuit is open, and then be well until it has closed. */
  async outage(): Promise<void> {
    const { deployment, dynamodb, subscribers } = this.#shop;
    const { ledger, shards, variables } = deployment;
    const TableName = variables[tableBinding(Outages.name)];
    const Key = { name: { S: BANK } };
    await dynamodb.send(new PutItemCommand({ TableName, Item: { ...Key, out: { S: 'now' } } }));
    for (let one = 0; one < 5; one++) {
      const context = { now: Date.now(), random: randomBytes, shards, ledger, publisher: 'shop' };
      const text = encodeEnvelope(createEnvelope(OrderPlaced, order('charged'), context));
      await this.#shop.send(subscribers[ChargeCard.name]?.queueUrl ?? '', text);
    }
    await expect.poll(async () => (await this.#circuit())?.wanted, POLL).toBeDefined();
    await dynamodb.send(new DeleteItemCommand({ TableName, Key }));
    const closed = async () => {
      const { state, wanted } = (await this.#circuit()) ?? {};
      return state === 'closed' && wanted === undefined;
    };
    await expect.poll(closed, POLL).toBe(true);
  }

  #circuit() {
    return readCircuit(this.#ledger, ChargeCard.name);
  }

  #ask(...order: Order): Promise<Redrive> {
    return this.#shop.ask<Redrive>(this.#shop.role('OperatorExecution'), order);
  }
}
