import aslValidator from 'asl-validator';
import { describe, expect, test } from 'vitest';
import { Reimburse } from '../../examples/approval/contract.ts';
import { BookTrip } from '../../examples/travel/contract.ts';
import { defineSaga } from '../../lib/contract/saga.ts';
import type { SagaDefinition } from '../../lib/contract/saga-shape.ts';
import { compileSaga } from '../../lib/machine/compile.ts';
import type { StateMachine } from '../../lib/machine/states.ts';
import { Charge, Notify, Order, PlaceOrder, Reserve, Ship } from '../saga/order-saga.ts';

const SideBySide = defineSaga('side-by-side', { input: Order, key: (order) => order.orderId })
  .all({
    reserve: [Reserve, ({ input }) => ({ sku: input.sku, quantity: input.quantity })],
    charge: [Charge, ({ input }) => ({ orderId: input.orderId, cents: input.cents, hold: 'none' })],
  })
  .step('ship', Ship, ({ input, charge }) => ({ orderId: input.orderId, receipt: charge.id }))
  .step('notify', Notify, ({ input }) => ({ orderId: input.orderId }))
  .ends();

const machines = ([BookTrip, PlaceOrder, SideBySide, Reimburse] as readonly SagaDefinition[]).flatMap((saga) =>
  Object.entries(compileSaga(saga, { table: 'ledger' })).map(
    ([kind, machine]) => [saga.saga.name, kind, machine as StateMachine] as const,
  ),
);

describe.each(machines)('%s, %s,', (_, __, machine) => {
  test('is Amazon States Language', () => {
    expect(aslValidator(machine)).toMatchObject({ isValid: true, errors: [] });
  });

  test('is none where a state leads nowhere, or a task has two ends: the validator would say so', () => {
    const [name, state] = Object.entries(machine.States).find(([, { Next }]) => Next !== undefined) ?? ['', undefined];
    const broken = (change: object) => ({ ...machine, States: { ...machine.States, [name]: { ...state, ...change } } });
    expect(aslValidator(broken({ Next: 'nowhere' })).isValid).toBe(false);
    expect(aslValidator(broken({ Type: 'Chore' })).isValid).toBe(false);
  });
});
