import { describe, expect, test } from 'vitest';
import { cancel, publish, reschedule } from 'waybill/runtime';
import { MemoryStack, type MemoryStackOptions } from 'waybill/testing';
import { runSaga, runSagaLs } from '../../lib/cli/saga.ts';
import { trace } from '../../lib/trace/trace.ts';
import { capturedContext } from '../cli/captured-context.ts';
import { Charge, PlaceOrder, Reserve, Ship, Stock } from './order-saga.ts';
import { handlers, NOWHERE } from './order-steps.ts';

const order = { orderId: '1', sku: 'a', quantity: 2, cents: 500 };

/** As `PlaceOrder`, which asks somebody sooner. */
const Hasty = { ...PlaceOrder, saga: { ...PlaceOrder.saga, unwind: { tries: 2, longestSeconds: 10 } } };

function shop(options: MemoryStackOptions = {}): MemoryStack {
  const stack = new MemoryStack({ subscribers: [Reserve, Charge, Ship], handlers, sagas: [Hasty], ...options });
  return stack.row(Stock, { sku: 'a', quantity: 5, version: 0 });
}

/** A shop whose reservation cannot be undone, and an order that nobody ships, stuck there. */
async function stuckShop() {
  const state = { fails: true };
  const stack = shop({
    wire: async ({ from, operation, input }, apply) => {
      const isUndo = operation === 'TransactWriteItems' && JSON.stringify(input).includes('"undone"');
      if (!(state.fails && from === 'reserve' && isUndo)) return apply();
      throw Object.assign(new Error('no'), { name: 'ValidationException', $fault: 'client', $metadata: {} });
    },
  });
  const environment = stack.environment();
  const { id } = await publish(PlaceOrder, { ...order, orderId: `${NOWHERE}-1` }, { environment });
  for (let minute = 0; minute < 60 && stuckRows(stack).length === 0; minute++) await stack.advance('1m');
  return { stack, id, environment, mend: () => Object.assign(state, { fails: false }) };
}

const stuckRows = (stack: MemoryStack) => stack.ledger.items().filter(({ pk }) => pk?.S?.startsWith('stuck#'));
const endOf = (stack: MemoryStack) => stack.ledger.items().find(({ sk }) => sk?.S === '#end')?.state?.S;

describe('waybill saga', () => {
  test('lists what runs and what is stuck, shows why, and has it tried again', async () => {
    const { stack, id, environment, mend } = await stuckShop();
    const context = capturedContext();
    await runSagaLs(environment, {}, context);
    expect(context.stdout()).toMatch(/^place-order {2}1 running, the oldest since .*, 1 stuck/);
    expect(context.stdout()).toContain(`  ${id}  the undoing of reserve is stuck since`);

    const shown = capturedContext();
    await runSaga(environment, id, {}, shown);
    expect(shown.stdout()).toMatch(new RegExp(`^place-order {2}${id} {2}stuck, started 2026-`));
    expect(shown.stdout()).toMatch(
      / {2}charge {2}undone .*\n[\s\S]*! the undoing of reserve[\s\S]*Decide by --retry or --skip/,
    );
    expect(`${context.stdout()}${shown.stdout()}`).not.toContain(stuckRows(stack)[0]?.token?.S);
    expect(stack.environmentOf('place-order-keeper').counted['place-order.saga-stuck']).toBeGreaterThan(0);

    mend();
    const decided = capturedContext();
    await runSaga(environment, id, { retry: true, json: true }, decided);
    expect(JSON.parse(decided.stdout())).toMatchObject({
      decision: 'retry',
      execution: id,
      step: 'reserve',
      kind: 'undo',
    });
    await stack.advance('2m');
    expect(stack.read(Stock, { sku: 'a' })?.quantity).toBe(5);
    expect(endOf(stack)).toBe('compensated');
    await expect(runSaga(environment, id, { retry: true }, capturedContext())).rejects.toThrow(
      `Nothing of '${id}' is stuck`,
    );
  }, 60_000);

  test('passes over what is stuck, as if it were undone', async () => {
    const { stack, id, environment } = await stuckShop();
    const context = capturedContext();
    await runSaga(environment, id, { skip: true }, context);
    expect(context.stdout()).toBe(`the undoing of reserve of ${id}: it is passed over.\n`);
    await stack.advance('1m');
    expect(endOf(stack)).toBe('compensated');
    expect(stack.read(Stock, { sku: 'a' })?.quantity).toBe(3);
  }, 60_000);

  test('knows no execution that is none', async () => {
    const id = '01992f4e-7c3a-7b5d-9e21-3f60c1d84a2f';
    await expect(runSaga(shop().environment(), id, {}, capturedContext())).rejects.toThrow('is no execution of a saga');
  });
});

test('a trace tells a saga from its start to its end, with the commands of its steps, done and undone', async () => {
  const stack = shop();
  const environment = stack.environment();
  const { id } = await publish(PlaceOrder, { ...order, orderId: `${NOWHERE}-2` }, { environment });
  await stack.advance('1m');
  const root = await trace(environment, { ledger: stack.ledger.name, shards: 2 }, id);
  expect(root.type).toBe('saga.place-order');
  const told = root.subscribers.flatMap(({ published }) => published);
  expect(told.map(({ type }) => type).sort()).toEqual([
    'order.refused',
    'step.charge',
    'step.charge.undo',
    'step.reserve',
    'step.reserve.undo',
    'step.ship',
    'step.ship.undo',
  ]);
  const charged = told
    .find(({ type }) => type === 'step.charge')
    ?.subscribers.find(({ subscriber }) => subscriber === 'charge');
  expect(charged).toMatchObject({ state: 'handled', effects: [expect.objectContaining({ name: 'payment' })] });
});

test('an execution that grows old is told by its age, in seconds', async () => {
  const { stack } = await stuckShop();
  const keeper = stack.environmentOf('place-order-keeper');
  const before = keeper.counted['place-order.saga-oldest'] ?? 0;
  await stack.clock.advance(335 * 86_400_000 - 60_000);
  await stack.advance('1m');
  // Counts add up: the last one is the age.
  expect((keeper.counted['place-order.saga-oldest'] ?? 0) - before).toBeGreaterThanOrEqual(335 * 86_400);
}, 60_000);

test('a command of a step is neither cancelled nor rescheduled: its saga waits for its end', async () => {
  const stack = shop();
  const environment = stack.environment();
  await publish(PlaceOrder, order, { environment });
  await stack.advance('1m');
  const command = stack.ledger.items().find(({ pk, type }) => pk?.S?.startsWith('out#') && type?.S === 'step.charge');
  const id = command?.sk?.S ?? '';
  const message = "'step.charge' is a command of a saga, which waits for its end";
  await expect(cancel(id, { environment })).rejects.toThrow(message);
  await expect(reschedule(id, { deliverAt: new Date(stack.now + 60_000) }, { environment })).rejects.toThrow(message);
});

test('what a saga of three steps costs', async () => {
  const calls: Record<string, number> = {};
  const stack = shop({
    wire: async ({ from, operation }, apply) => {
      const what = `${from} ${operation}`;
      calls[what] = (calls[what] ?? 0) + 1;
      return apply();
    },
  });
  await publish(PlaceOrder, order, { environment: stack.environment() });
  await stack.settle();
  const of = (name: string) =>
    Object.fromEntries(
      Object.entries(calls)
        .filter(([what]) => what.startsWith(`${name} `))
        .map(([what, times]) => [what.split(' ')[1], times]),
    );
  expect(stack.stepFunctions?.executions[0]?.transitions).toBe(3 + 2);
  expect(of('states')).toEqual({ PutItem: 3, TransactWriteItems: 1 });
  expect(of('start-place-order')).toEqual({ StartExecution: 1, TransactWriteItems: 1 });
  const step = { TransactWriteItems: 1, GetItem: 2, SendTaskSuccess: 1 };
  expect(of('reserve')).toEqual(step);
  // A step with effects says before them that it runs; an effect is taken and completed.
  expect(of('charge')).toEqual({ ...step, PutItem: 1, UpdateItem: 2 });
  const units = (name: string) => {
    const { writeUnits, readUnits } = stack.environmentOf(name).usage;
    return { writeUnits, readUnits };
  };
  // Of the inbox row, the step's row and its effects, 2 each; those of `charge` are 2 updates of one row, beside a put.
  expect(units('reserve')).toEqual({ writeUnits: 6, readUnits: 2 });
  expect(units('charge')).toEqual({ writeUnits: 7, readUnits: 2 });
  expect(units('start-place-order')).toEqual({ writeUnits: 4, readUnits: 0 });
});
