import { describe, expect, test } from 'vitest';
import { defineEvent, defineSaga, defineStep, defineSubscriber, Rejected } from 'waybill';
import { consume, consumeStep, publish } from 'waybill/runtime';
import { MemoryStack, type MemoryStackOptions } from 'waybill/testing';
import { z } from 'zod';
import { sagaPartition } from '../../lib/ledger/rows/saga.ts';
import { Charge, PlaceOrder, Reserve, Ship, Shipments, Stock } from './order-saga.ts';
import { handlers, NOWHERE, payments, refunds, TOO_MUCH } from './order-steps.ts';

const order = { orderId: '1', sku: 'a', quantity: 2, cents: 500 };

function shop(options: MemoryStackOptions = {}): MemoryStack {
  return new MemoryStack({ subscribers: [Reserve, Charge, Ship], handlers, sagas: [PlaceOrder], ...options }).row(
    Stock,
    {
      sku: 'a',
      quantity: 5,
      version: 0,
    },
  );
}

/** What the ledger says of an execution, by step. */
function rowsOf(stack: MemoryStack, execution: string) {
  const rows = stack.ledger.items().filter(({ pk }) => pk?.S === sagaPartition(execution));
  return Object.fromEntries(rows.map(({ sk, state }) => [sk?.S, state?.S ?? 'started']));
}

function publishedOf(stack: MemoryStack, type: string): unknown[] {
  const rows = stack.ledger.items().filter(({ pk, type: of }) => pk?.S?.startsWith('out#') && of?.S === type);
  return rows.map(({ envelope }) => (JSON.parse(envelope?.S ?? '{}') as { data: unknown }).data);
}

describe('a saga', () => {
  test('that goes well does each step once, and says so', async () => {
    const [stack, before] = [shop(), payments.entries.length];
    const { id } = await publish(PlaceOrder, order, { environment: stack.environment() });
    await stack.advance('1m');
    const [execution] = stack.stepFunctions?.executions ?? [];
    expect(execution).toMatchObject({ name: id, status: 'SUCCEEDED', output: { state: 'completed' } });
    expect(rowsOf(stack, id)).toEqual({
      '#start': 'started',
      reserve: 'done',
      charge: 'done',
      ship: 'done',
      '#end': 'completed',
    });
    expect(stack.read(Stock, { sku: 'a' })?.quantity).toBe(3);
    expect(payments.entries.slice(before)).toHaveLength(1);
    expect(publishedOf(stack, 'order.confirmed')).toEqual([
      { orderId: '1', receipt: stack.read(Shipments, { orderId: '1' })?.receipt },
    ]);
    expect(execution?.transitions).toBe(3 + 2);
  });

  test('that is refused at its last step is undone from there to its first', async () => {
    const [stack, before] = [shop(), refunds.entries.length];
    const { id } = await publish(
      PlaceOrder,
      { ...order, orderId: `${NOWHERE}-1` },
      { environment: stack.environment() },
    );
    await stack.advance('1m');
    expect(rowsOf(stack, id)).toMatchObject({
      reserve: 'undone',
      charge: 'undone',
      ship: 'void',
      '#end': 'compensated',
    });
    expect(stack.read(Stock, { sku: 'a' })?.quantity).toBe(5);
    expect(refunds.entries.slice(before)).toHaveLength(1);
    expect(stack.stepFunctions?.executions[0]?.entered).toEqual([
      'reserve',
      'charge',
      'ship',
      'undo ship',
      'undo charge',
      'undo reserve',
      'compensated',
    ]);
    expect(publishedOf(stack, 'order.refused')).toEqual([{ orderId: `${NOWHERE}-1`, why: 'rejected' }]);
    for (const { name } of [Reserve, Charge, Ship]) expect(await stack.deadLetters(name)).toEqual([]);
  });

  test('that is refused before anything was done undoes nothing', async () => {
    const [stack, before] = [shop(), payments.entries.length];
    const { id } = await publish(PlaceOrder, { ...order, cents: TOO_MUCH + 1 }, { environment: stack.environment() });
    const { id: none } = await publish(PlaceOrder, { ...order, quantity: 9 }, { environment: stack.environment() });
    await stack.advance('1m');
    expect(rowsOf(stack, id)).toMatchObject({ reserve: 'undone', charge: 'void', '#end': 'compensated' });
    expect(rowsOf(stack, none)).toMatchObject({ reserve: 'void', '#end': 'compensated' });
    expect(payments.entries.slice(before)).toEqual([]);
    expect(publishedOf(stack, 'order.refused')).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ why: 'rejected' }),
        expect.objectContaining({ why: 'condition-failed' }),
      ]),
    );
  });

  test('keeps the tokens of its tasks to the ledger', async () => {
    const bodies: string[] = [];
    const stack = shop({
      wire: async (request, apply) => {
        if (request.operation.startsWith('SendMessage')) bodies.push(JSON.stringify(request.input));
        return apply();
      },
    });
    await publish(PlaceOrder, order, { environment: stack.environment() });
    await stack.advance('1m');
    const tokens = stack.ledger.items().flatMap(({ token }) => token?.S ?? []);
    expect(tokens).toHaveLength(3);
    expect(bodies.length).toBeGreaterThanOrEqual(4);
    for (const token of tokens) expect(bodies.join()).not.toContain(token);
  });

  test('is started once, however often its message comes', async () => {
    const stack = shop();
    const { id } = await publish(PlaceOrder, order, { environment: stack.environment() });
    await stack.settle();
    const queue = stack.queues.get('start-place-order');
    expect(stack.stepFunctions?.executions).toHaveLength(1);
    await stack.advance('1m');
    expect(queue?.messages()).toEqual([]);
    expect(rowsOf(stack, id)).toMatchObject({ '#end': 'completed' });
  });

  test('is started by a handler with what the handler writes, or not at all', async () => {
    const input = z.object({ orderId: z.string(), has: z.boolean() });
    const Asked = defineEvent('order.asked', { schema: input, key: ({ orderId }) => orderId, businessLine: 'orders' });
    const Begin = defineSubscriber('begin', { consumes: [Asked], publishes: [PlaceOrder], tables: [Shipments] });
    const begin = consume(Begin, ({ orderId, has }, { tx }) => {
      tx.start(PlaceOrder, { ...order, orderId });
      tx.put(Shipments, { orderId: 'begun', receipt: orderId });
      if (!has) throw new Rejected('there is no such order');
    });
    const stack = shop({ subscribers: [Begin, Reserve, Charge, Ship], handlers: { ...handlers, begin } });
    for (const has of [true, false])
      await publish(Asked, { orderId: `${has}`, has }, { environment: stack.environment() });
    await stack.advance('1m');
    const [execution, ...others] = stack.stepFunctions?.executions ?? [];
    expect([execution?.output, others]).toEqual([{ state: 'completed' }, []]);
    expect(stack.read(Shipments, { orderId: 'begun' })?.receipt).toBe('true');
  });

  test('refuses an input that its state machine could not carry', async () => {
    const stack = shop();
    const start = (input: typeof order) => publish(PlaceOrder, input, { environment: stack.environment() });
    await expect(start({ ...order, sku: 'x'.repeat(200 * 1024) })).rejects.toThrow(
      "'saga.place-order' is invalid as a whole",
    );
    await expect(start({ ...order, cents: 9_007_199_254_740_991 })).rejects.toThrow(
      "'saga.place-order' is invalid: cents",
    );
  });

  test('has no answer of a step that declares none', async () => {
    const input = z.object({ id: z.string() });
    const Mute = defineStep('mute', { input, undo: 'none' });
    const Talk = defineStep('talk', { input, undo: 'none', retry: { attempts: 1 } });
    const saga = defineSaga('quiet', { input, key: ({ id }) => id })
      .step('mute', Mute, (known) => ({ id: known.input.id }))
      .step('talk', Talk, (known) => ({ id: known.input.id }))
      .ends();
    const talk = consumeStep(Talk, { run: () => ({ said: 'too much' }) as never });
    const handlers = { mute: consumeStep(Mute, { run: () => undefined }), talk };
    const stack = new MemoryStack({ subscribers: [Mute, Talk], handlers, sagas: [saga] });
    const { id } = await publish(saga, { id: '1' }, { environment: stack.environment() });
    await stack.advance('1m');
    expect(rowsOf(stack, id)).toEqual({ '#start': 'started', mute: 'done', '#end': 'compensated' });
    const [letter] = await stack.deadLetters('talk');
    expect(letter?.detail).toContain('the step has no `output`, and answers something');
  });
});
