import { expect, test } from 'vitest';
import { publish } from 'waybill/runtime';
import { MemoryStack } from 'waybill/testing';
import { Charge, PlaceOrder, Reserve, Ship, Stock } from './order-saga.ts';
import { handlers, payments, refunds } from './order-steps.ts';

const order = { orderId: '1', sku: 'a', quantity: 2, cents: 500 };

/** Runs an order while the process of `charge` dies with each request of a kind, for some minutes. */
async function runDying(minutes: number, dies: (operation: string, input: string) => 'before' | 'after' | undefined) {
  const [charged, refunded] = [payments.entries.length, refunds.entries.length];
  const stack: MemoryStack = new MemoryStack({
    subscribers: [Reserve, Charge, Ship],
    handlers,
    sagas: [PlaceOrder],
    wire: async ({ from, operation, input }, apply) => {
      const when = from === 'charge' && stack.now < end ? dies(operation, JSON.stringify(input)) : undefined;
      if (when === 'after') apply();
      if (when) throw Object.assign(new Error('it died'), { name: 'TimeoutError', $fault: 'server', $metadata: {} });
      return apply();
    },
  }).row(Stock, { sku: 'a', quantity: 5, version: 0 });
  const end = stack.now + minutes * 60_000;
  await publish(PlaceOrder, order, { environment: stack.environment() });
  const ended = () => stack.ledger.items().find(({ sk }) => sk?.S === '#end')?.state?.S;
  for (let minute = 0; minute < 90 && !ended(); minute++) await stack.advance('1m');
  const [execution] = stack.stepFunctions?.executions ?? [];
  return {
    end: ended(),
    charges: payments.entries.length - charged,
    refunds: refunds.entries.length - refunded,
    commands: execution?.entered.filter((state) => state === 'charge').length,
    stock: stack.read(Stock, { sku: 'a' })?.quantity,
  };
}

const isCommit = (operation: string) => operation === 'TransactWriteItems';

// A command of `charge` times out 10.5 minutes after it was given.
test.each([
  ['dies before each commit, until its second command', 12, 'before'],
  ['dies after each commit, until its second command', 12, 'after'],
] as const)(
  'a step that %s charges once',
  async (_, minutes, when) => {
    const ran = await runDying(minutes, (operation) => (isCommit(operation) ? when : undefined));
    expect(ran).toMatchObject({ end: 'completed', charges: 1, refunds: 0, stock: 3 });
  },
  30_000,
);

test('a step whose two commands have timed out charges once and refunds once', async () => {
  const ran = await runDying(25, (operation) => (isCommit(operation) ? 'before' : undefined));
  expect(ran).toEqual({ end: 'compensated', charges: 1, refunds: 1, commands: 2, stock: 5 });
}, 30_000);

test('a step that dies before it begins charges nothing, and refunds nothing', async () => {
  const ran = await runDying(25, (operation, input) =>
    operation === 'PutItem' && input.includes('"running"') ? 'before' : undefined,
  );
  expect(ran).toMatchObject({ end: 'compensated', charges: 0, refunds: 0, stock: 5 });
}, 30_000);
