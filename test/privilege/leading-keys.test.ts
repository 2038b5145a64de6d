import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { TakePayment } from '../../examples/commerce/contract.ts';
import {
  CheckBack,
  FifoChannel,
  Ledger,
  QueueChannel,
  StreamChannel,
  Subscriber,
} from '../../lib/public/constructs.ts';
import { CONTROLLER, FORWARDER, OPERATOR, recorderOf } from '../../lib/simulator/faults/site.ts';
import type { Plan } from '../../lib/simulator/plan/plan.ts';
import { LEDGER } from '../../lib/simulator/run/ledger-row.ts';
import { simulate } from '../../lib/simulator/run/simulation.ts';
import { type System, streamOf } from '../../lib/simulator/system.ts';
import { accounts } from '../../scripts/certify/accounts.ts';
import { commerce } from '../../scripts/certify/commerce.ts';
import { outages } from '../../scripts/certify/outages.ts';
import { handlerIn, type Resources, testApp } from '../constructs/shop-app.ts';
import { corpus } from '../corpus/corpus.ts';
import { bugs } from '../planted-bugs/index.ts';
import { isAllowed, type RowAction, type RowStatement, rowActionsOf, statementsOn } from './leading-keys.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

/** A function that crashes whenever it starts, until SQS gives its message up. */
const neverEnded = (subscriber: string, step: number): Plan => ({
  seed: 1,
  workload: [{ step, at: 0 }],
  faults: [{ site: `${subscriber}.invoke`, nth: 0, fault: { kind: 'crash-loop', times: 120 } }],
});
const NEVER_ENDED = neverEnded(TakePayment.name, 0);

/** What each function of a simulated system may do to the ledger's rows, by its name, as the constructs deploy it. */
const granted = grantsOf(commerce, deployed(commerce));
const grantedWithBreakers = grantsOf(outages, deployed(outages));
const grantedInOrder = grantsOf(accounts, deployed(accounts));

/** Plans of the corpus that are of a system with breakers, of one with orders, or of neither. */
const plansOf = (which: 'outages' | 'accounts' | 'others') =>
  corpus
    .filter(({ name }) => {
      const system = bugs.find((bug) => bug.name === name)?.system ?? 'shop';
      return which === (system === 'outages' || system === 'accounts' ? system : 'others');
    })
    .map(({ plan }) => plan);

/** By function, every action on a kind of partition that it asks for in plans. */
async function askedFor(system: System, plans: readonly Plan[]): Promise<Map<string, Map<string, RowAction>>> {
  const asked = new Map<string, Map<string, RowAction>>();
  for (const plan of plans) {
    await simulate(system, plan, (actor, { operation, input }) => {
      for (const one of rowActionsOf(operation, input)) {
        if (one.table !== LEDGER) continue;
        const actions = asked.get(actor) ?? new Map<string, RowAction>();
        asked.set(actor, actions.set(JSON.stringify(one), one));
      }
    });
  }
  return asked;
}

describe('no function of the shop asks for a row that its role does not grant', () => {
  let asked = new Map<string, Map<string, RowAction>>();

  beforeAll(async () => {
    asked = await askedFor(commerce, [...plansOf('others'), NEVER_ENDED]);
  });
  afterAll(() => asked.clear());

  const functions = [...granted.keys()];
  // What the recorders do is the same for all; it takes a hundred receives.
  const idle = functions.filter((name) => name.endsWith('-recorder') && name !== recorderOf(TakePayment.name));

  test.each(functions)('%s', (name) => {
    const actions = [...(asked.get(name)?.values() ?? [])];

    expect(actions.length > 0).toBe(!idle.includes(name));
    expect(actions.filter((one) => !isAllowed(granted.get(name) ?? [], one))).toEqual([]);
  });

  test('and there is no other function', () => {
    expect([...asked.keys()].sort()).toEqual(functions.filter((name) => !idle.includes(name)).sort());
  });
});

test('no function of a system with breakers asks for a row that its role does not grant: circuits and redrives too', async () => {
  const asked = await askedFor(outages, plansOf('outages'));
  const kinds = (name: string) =>
    new Set([...(asked.get(name)?.values() ?? [])].map(({ keys: [key = ''] }) => key.split('#')[0]));
  for (const [name, actions] of asked) {
    // Who pauses by the command line has the rights of whoever is logged in.
    const own = [...actions.values()].filter(
      ({ keys: [key = ''] }) => name !== OPERATOR || !key.startsWith('circuit#'),
    );
    expect(
      own.filter((one) => !isAllowed(grantedWithBreakers.get(name) ?? [], one)),
      name,
    ).toEqual([]);
  }
  for (const name of [CONTROLLER, 'charge']) expect(kinds(name)).toContain('circuit');
  for (const name of [FORWARDER, OPERATOR]) expect(kinds(name)).toContain('redrive');
});

test('no function of a system with orders asks for a row that its role does not grant, and each fence is asked for', async () => {
  const asked = await askedFor(accounts, [...plansOf('accounts'), neverEnded('book', 3)]);
  for (const [name, actions] of asked) {
    const own = [...actions.values()];
    expect(
      own.filter((one) => !isAllowed(grantedInOrder.get(name) ?? [], one)),
      name,
    ).toEqual([]);
  }
  const fencesOf = (name: string) =>
    [...(asked.get(name)?.values() ?? [])].flatMap(({ action, keys: [key = ''] }) =>
      /^(last|park)#/.test(key) ? `${action.replace('dynamodb:', '')} ${key.split('#')[0]}` : [],
    );
  expect(fencesOf('book')).toEqual(
    expect.arrayContaining(['UpdateItem last', 'GetItem last', 'PutItem park', 'DeleteItem park', 'Query park']),
  );
  expect(fencesOf(recorderOf('book'))).toContain('GetItem last');
  expect(fencesOf('producer')).toContain('UpdateItem last');
});

describe('a handler may not', () => {
  const [subscriber, other] = ['take-payment', 'reserve-stock'] as const;
  const statements = granted.get(subscriber) ?? [];
  const may = (operation: string, ...keys: string[]) =>
    isAllowed(statements, { action: `dynamodb:${operation}`, keys });

  test.each([
    ['overwrite a route', 'PutItem', 'route#order.placed'],
    ["end another subscriber's messages", 'PutItem', `in#${other}#2026-01-01T00:00#0`],
    ["forge another subscriber's proof", 'UpdateItem', `in#${other}#2026-01-01T00:00#0`],
    ["take another subscriber's keys", 'PutItem', `once#${other}#a`],
    ['move a cursor', 'PutItem', 'reconcile'],
    ['move a cursor of the sweep', 'UpdateItem', 'sweep'],
    ['close a case', 'UpdateItem', 'open#0'],
    ['change what was committed', 'UpdateItem', 'out#2026-01-01T00:00#0'],
    ['read what others are told', 'GetItem', 'out#2026-01-01T00:00#0'],
    ['write a receipt', 'PutItem', 'relay#2026-01-01T00:00#0'],
    ['open a circuit, without a breaker', 'UpdateItem', `circuit#${subscriber}`],
    ['begin a redrive', 'PutItem', `redrive#${subscriber}`],
    ['decide a half message', 'UpdateItem', 'half#2026-01-01T00:00#0'],
    ['pass for a subscriber whose name begins with its own', 'PutItem', `in#${subscriber}-2#2026-01-01T00:00#0`],
  ])('%s', (_, operation, key) => {
    expect(may(operation, key)).toBe(false);
  });

  test('slip in a row beside those that it may write, or name no row at all', () => {
    expect(may('PutItem', 'out#2026-01-01T00:00#0', 'route#order.placed')).toBe(false);
    expect(may('PutItem')).toBe(false);
  });

  test('close the circuit of another, though it may open its own', () => {
    const asks = (key: string) =>
      isAllowed(grantedWithBreakers.get('charge') ?? [], { action: 'dynamodb:UpdateItem', keys: [key] });
    expect([asks('circuit#charge'), asks('circuit#ship')]).toEqual([true, false]);
  });

  test('though it may do its work', () => {
    expect(may('PutItem', `in#${subscriber}#2026-01-01T00:00#0`)).toBe(true);
    expect(may('PutItem', 'out#2026-01-01T00:00#0')).toBe(true);
    expect(may('UpdateItem', `fail#${subscriber}#2026-01-01T00:00#0`)).toBe(true);
  });
});

test('nobody but the registrar writes routes, and nobody but who cancels, reconciles or publishes anew ends messages elsewhere', () => {
  const writers = (key: string) =>
    [...granted].filter(([, statements]) =>
      ['PutItem', 'UpdateItem', 'BatchWriteItem', 'DeleteItem'].some((operation) =>
        isAllowed(statements, { action: `dynamodb:${operation}`, keys: [key] }),
      ),
    );
  const names = (key: string) => writers(key).map(([name]) => name);

  expect(names('route#order.placed')).toEqual(['registrar']);
  expect(names('in#take-payment#2026-01-01T00:00#0').sort()).toEqual(
    ['forwarder', 'producer', 'reconciler', 'take-payment', 'take-payment-recorder'].sort(),
  );
});

/** Every function that a simulated system has, with what its producer needs for all that it does. */
function deployed(system: System): Stack {
  const stack = new Stack(testApp(), 'Shop');
  const ledger = new Ledger(stack, 'Ledger');
  // Some runs give each delayed message a schedule of its own.
  new Ledger(stack, 'Scheduling', { delayedDelivery: 'schedules' });
  for (const definition of system.subscribers) {
    const { name, consumes, tables = [] } = definition;
    const stream = streamOf(system, name);
    const props = { ledger, events: consumes };
    const isFifo = system.fifo?.some((one) => one.name === name);
    const channel = stream
      ? new StreamChannel(stack, `${name} stream`, props)
      : new (isFifo ? FifoChannel : QueueChannel)(stack, `${name} queue`, props);
    new Subscriber(stack, name, {
      channel,
      subscriber: definition,
      handler: handlerIn(stack, `${name} function`),
      ...(system.breakers?.[name] && { breaker: {} }),
      tables: Object.fromEntries(
        tables.map((table) => [table.name, TableV2.fromTableName(stack, `${name} ${table.name}`, table.name)]),
      ),
    });
  }
  const producer = handlerIn(stack, 'producer');
  const numbered = system.subscribers.flatMap(({ consumes }) => consumes.filter(({ sequence }) => sequence));
  ledger.grantPublish(producer, { publishes: numbered });
  if (system.breakers) ledger.grantRedrive(handlerIn(stack, OPERATOR));
  ledger.grantSend(producer);
  ledger.grantCancel(producer);
  new CheckBack(stack, 'CheckBack', { ledger, handler: handlerIn(stack, 'check-back'), producer });
  return stack;
}

/** The statements on the ledger's table, by the name of the function in the simulated shop. */
function grantsOf(system: System, stack: Stack): ReadonlyMap<string, readonly RowStatement[]> {
  const resources = Template.fromStack(stack).toJSON().Resources as Resources;
  const roles: Readonly<Record<string, string>> = {
    producer: 'producer',
    'check-back': 'checkback',
    relay: 'LedgerRelay',
    forwarder: '(Ledger|Scheduling)Forwarder',
    sweep: 'LedgerSweepRole',
    reconciler: 'LedgerReconcilerRole',
    registrar: 'LedgerRegisterRoutes',
    ...(system.breakers && { controller: 'LedgerController', operator: 'operator' }),
    ...Object.fromEntries(
      system.subscribers.flatMap(({ name }) => {
        const id = name.replaceAll('-', '');
        return [
          [name, `${id}function`],
          [recorderOf(name), `${id}Recorder`],
        ];
      }),
    ),
  };
  return new Map(Object.entries(roles).map(([name, role]) => [name, statementsOn(resources, role)]));
}
