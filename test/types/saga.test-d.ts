import { describe, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { consume } from '../../lib/consume/consume.ts';
import { defineSaga } from '../../lib/contract/saga.ts';
import { defineStep, type StepAnswer, type StepInput } from '../../lib/contract/step.ts';
import { defineSubscriber } from '../../lib/contract/subscriber.ts';
import { consumeStep } from '../../lib/saga/consume-step.ts';
import { Charge, Order, OrderConfirmed, OrderRefused, PlaceOrder, Reserve, Ship } from '../saga/order-saga.ts';

const begin = defineSaga('typed', { input: Order, key: (order) => order.orderId });

describe('a saga', () => {
  test('knows its input and the answers of the steps before', () => {
    begin
      .step('reserve', Reserve, ({ input }) => {
        expectTypeOf(input).toEqualTypeOf<{ orderId: string; sku: string; quantity: number; cents: number }>();
        return { sku: input.sku, quantity: input.quantity };
      })
      .step('ship', Ship, ({ input, reserve }) => {
        expectTypeOf(reserve).toEqualTypeOf<{ hold: string }>();
        return { orderId: input.orderId, receipt: reserve.hold };
      });
  });

  test('refuses an input that a step does not take', () => {
    // @ts-expect-error: quantity is a number
    begin.step('reserve', Reserve, ({ input }) => ({ sku: input.sku, quantity: input.sku }));
    // @ts-expect-error: quantity is missing
    begin.step('reserve', Reserve, ({ input }) => ({ sku: input.sku }));
    // @ts-expect-error: no step before is called 'charge'
    begin.step('reserve', Reserve, ({ charge }) => ({ sku: charge.id, quantity: 1 }));
  });

  test('knows the answers of steps side by side', () => {
    begin
      .all({
        reserve: [Reserve, ({ input }) => ({ sku: input.sku, quantity: input.quantity })],
        charge: [
          Charge,
          ({ input }) => ({ orderId: input.orderId, cents: input.cents, hold: 'none' }),
          { within: '5m' },
        ],
      })
      .step('ship', Ship, ({ input, charge }) => ({ orderId: input.orderId, receipt: charge.id }));
    // @ts-expect-error: one beside it is not known
    begin.all({ reserve: [Reserve, ({ charge }) => ({ sku: charge.id, quantity: 1 })], charge: [Charge, () => ({})] });
  });

  test('selects nothing from a step that answers nothing, whose handler returns nothing', () => {
    const Tell = defineStep('tell', { input: z.object({ sku: z.string() }), undo: 'none' });
    consumeStep(Tell, { run: ({ sku }) => void sku });
    consumeStep(Tell, { run: async () => undefined });
    // @ts-expect-error: it answers nothing
    consumeStep(Tell, { run: () => ({ told: true }) });
    const told = begin.step('tell', Tell, ({ input }) => ({ sku: input.sku }));
    // @ts-expect-error: there is nothing to select
    told.step('again', Tell, ({ tell }) => ({ sku: tell.sku }));
  });

  test('publishes at its end what its event takes', () => {
    const saga = begin.step('reserve', Reserve, ({ input }) => ({ sku: input.sku, quantity: input.quantity }));
    saga.ends({
      compensated: [OrderRefused, ({ input, failure }) => ({ orderId: input.orderId, why: failure.reason })],
    });
    // @ts-expect-error: the input has no receipt
    saga.ends({ completed: OrderConfirmed });
    // @ts-expect-error: what a step has answered is not known when all is undone
    saga.ends({ compensated: [OrderRefused, ({ input, reserve }) => ({ orderId: input.orderId, why: reserve.hold })] });
  });

  test('is started by a handler that publishes it', () => {
    const options = { consumes: [OrderConfirmed] } as const;
    consume(defineSubscriber('one', { ...options, publishes: [PlaceOrder] }), ({ orderId }, { tx }) => {
      expectTypeOf(tx.start(PlaceOrder, { orderId, sku: 'a', quantity: 1, cents: 1 })).toEqualTypeOf<string>();
      // @ts-expect-error: the saga wants more
      tx.start(PlaceOrder, { orderId });
    });
    consume(defineSubscriber('other', options), ({ orderId }, { tx }) => {
      // @ts-expect-error: it is not among what the subscriber publishes
      tx.start(PlaceOrder, { orderId, sku: 'a', quantity: 1, cents: 1 });
    });
  });

  test('is the event that starts it', () => {
    expectTypeOf(PlaceOrder.type).toEqualTypeOf<'saga.place-order'>();
    expectTypeOf<StepInput<typeof Reserve>>().toEqualTypeOf<{ sku: string; quantity: number }>();
    expectTypeOf<StepAnswer<typeof Charge>>().toEqualTypeOf<{ id: string }>();
  });
});
