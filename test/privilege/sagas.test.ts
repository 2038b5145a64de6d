import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { beforeAll, expect, test, vi } from 'vitest';
import type { SagaDefinition } from 'waybill';
import { Ledger, Saga } from '../../lib/public/constructs.ts';
import { STATES } from '../../lib/simulator/faults/site.ts';
import type { Plan } from '../../lib/simulator/plan/plan.ts';
import { LEDGER } from '../../lib/simulator/run/ledger-row.ts';
import { simulate } from '../../lib/simulator/run/simulation.ts';
import { trips } from '../../scripts/certify/trips.ts';
import { handlerIn, type Resources, statementsOf, testApp } from '../constructs/shop-app.ts';
import { isAllowed, type RowAction, rowActionsOf, statementsOn } from './leading-keys.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** The roles of the functions of a saga, and of its state machines, by how their logical ids begin. */
const ROLES: Readonly<Record<string, readonly string[]>> = {
  reserve: ['reservefunction'],
  charge: ['chargefunction'],
  sleep: ['sleepfunction'],
  ship: ['shipfunction'],
  'start-book': ['BookStarterRole'],
  'wait-book': ['BookWaiterRole'],
  'book-keeper': ['BookKeeperRole'],
  [STATES]: ['BookStateMachineRole', 'BookUnwindMachineRole'],
};

/** The event source of a function is switched off for so many minutes. */
const off = (name: string, minutes: number) =>
  ({ site: `${name}.ReceiveMessage`, nth: 0, fault: { kind: 'disabled', for: minutes * 60_000 } }) as const;

/**
 * A trip that is done, one that is refused, one that is stuck and one that is stopped; one whose charge and one whose wait come too
 * late.
 */
const PLANS: readonly Plan[] = [
  { seed: 1, workload: [0, 1, 4].map((step) => ({ step, at: 0 })), faults: [] },
  {
    seed: 2,
    workload: [{ step: 3, at: 0 }],
    faults: [],
    operations: [{ kind: 'execution-stopped', saga: 'book', at: 5_000 }],
  },
  { seed: 3, workload: [0, 2].map((step) => ({ step, at: 0 })), faults: [off('charge', 4)] },
  { seed: 4, workload: [{ step: 0, at: 0 }], faults: [off('wait-book', 17)] },
];

let resources: Resources;
/** By function, the actions on rows of the ledger that it asks for, and those of Step Functions. */
const rows = new Map<string, RowAction[]>();
const calls = new Map<string, Set<string>>();

beforeAll(async () => {
  resources = Template.fromStack(deployed()).toJSON().Resources as Resources;
  for (const plan of PLANS) {
    await simulate(trips, plan, (actor, { operation, input }) => {
      const asked = rowActionsOf(operation, input).filter(({ table }) => table === LEDGER);
      rows.set(actor, [...(rows.get(actor) ?? []), ...asked]);
      if (/Execution|SendTask/.test(operation)) calls.set(actor, (calls.get(actor) ?? new Set()).add(operation));
    });
  }
});

function deployed(): Stack {
  const stack = new Stack(testApp(), 'Trips');
  const ledger = new Ledger(stack, 'Ledger');
  const [saga] = trips.sagas as readonly [SagaDefinition];
  const steps = Object.entries(saga.saga.steps).map(([name, { name: subscriber, tables }]) => {
    const tableIn = (table: string) => TableV2.fromTableName(stack, `${subscriber} ${table}`, table);
    const bound = Object.fromEntries(tables.map((table) => [table.name, tableIn(table.name)]));
    return [name, { handler: handlerIn(stack, `${subscriber} function`), tables: bound }];
  });
  new Saga(stack, 'Book', { ledger, saga, steps: Object.fromEntries(steps) });
  return stack;
}

test.each(Object.entries(ROLES))('%s asks for no row of the ledger that its role does not grant', (name, roles) => {
  const asked = rows.get(name) ?? [];
  expect(asked.length).toBeGreaterThan(0);
  const granted = roles.flatMap((role) => statementsOn(resources, role));
  expect(asked.filter((one) => !isAllowed(granted, one))).toEqual([]);
});

test.each(Object.entries(ROLES))(
  'whatever of Step Functions the role of %s grants, it uses, and nothing else',
  (name, [role]) => {
    const policies = Object.entries(resources).filter(
      ([, { Type, Properties }]) =>
        Type === 'AWS::IAM::Policy' && Properties.Roles.some(({ Ref }: { Ref: string }) => Ref.startsWith(role ?? '-')),
    );
    const actions = statementsOf(Object.fromEntries(policies)).flatMap((statement) => statement.actions);
    const granted = actions.flatMap((action) => (action.startsWith('states:') ? [action.slice('states:'.length)] : []));
    expect([...(calls.get(name) ?? [])].sort()).toEqual([...new Set(granted)].sort());
  },
);
