import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expectTypeOf, it } from 'vitest';
import { defineEvent, type EventInput, type EventOutput } from 'waybill';
import { z } from 'zod';
import * as mini from 'zod/mini';
import { type OrderCancelled, OrderPlaced, StockReserved } from './shop.ts';

describe('an event', () => {
  it('has the type that it was given, as a literal', () => {
    expectTypeOf(OrderPlaced.type).toEqualTypeOf<'order.placed'>();
  });

  it("is published as the schema's input, and handled as its output", () => {
    expectTypeOf<EventInput<typeof OrderCancelled>>().toEqualTypeOf<{
      orderId: string;
      reason?: string | undefined;
      at: string;
    }>();
    expectTypeOf<EventOutput<typeof OrderCancelled>>().toEqualTypeOf<{ orderId: string; reason: string; at: number }>();
  });

  it('gives its key function the output, and takes a text from it', () => {
    defineEvent('order.placed', {
      schema: z.object({ at: z.string().transform(Date.parse), note: z.string().optional() }),
      key: (order) => {
        expectTypeOf(order).toEqualTypeOf<{ at: number; note?: string | undefined }>();
        return String(order.at);
      },
      businessLine: 'orders',
    });
    defineEvent('order.placed', {
      schema: z.object({ at: z.int(), note: z.string().optional() }),
      // @ts-expect-error a number is no business key
      key: (order) => order.at,
      businessLine: 'orders',
    });
    defineEvent('order.placed', {
      schema: z.object({ note: z.string().optional() }),
      // @ts-expect-error a key that may be missing is none
      key: (order) => order.note,
      businessLine: 'orders',
    });
    defineEvent('order.placed', {
      schema: z.object({ orderId: z.string() }),
      // @ts-expect-error the payload has no such field
      key: (order) => order.orderID,
      businessLine: 'orders',
    });
  });

  it('has a Standard Schema, and a lifetime with a unit', () => {
    const rest = { key: () => 'k', businessLine: 'orders' };
    // @ts-expect-error JSON Schema is no Standard Schema
    defineEvent('order.placed', { schema: { type: 'object' }, ...rest });
    // @ts-expect-error 14 of what?
    defineEvent('order.placed', { schema: z.string(), lifetime: 14, ...rest });
    // @ts-expect-error weeks are no unit
    defineEvent('order.placed', { schema: z.string(), lifetime: '2w', ...rest });
    defineEvent('order.placed', { schema: z.string(), lifetime: '14d', ...rest });
  });
});

describe('an event of another library', () => {
  const rest = { businessLine: 'orders' };

  it('infers by zod/mini', () => {
    const schema = mini.object({ id: mini.string(), note: mini._default(mini.string(), 'none') });
    const event = defineEvent('a', { schema, key: ({ id }) => id, ...rest });
    expectTypeOf<EventInput<typeof event>>().toEqualTypeOf<{ id: string; note?: string | undefined }>();
    expectTypeOf<EventOutput<typeof event>>().toEqualTypeOf<{ id: string; note: string }>();
  });

  it('infers by valibot', () => {
    const schema = v.object({
      id: v.string(),
      at: v.pipe(v.string(), v.transform(Number)),
      note: v.optional(v.string(), ''),
    });
    const event = defineEvent('a', { schema, key: ({ id }) => id, ...rest });
    expectTypeOf<EventInput<typeof event>>().toEqualTypeOf<{ id: string; at: string; note?: string | undefined }>();
    expectTypeOf<EventOutput<typeof event>>().toEqualTypeOf<{ id: string; at: number; note: string }>();
  });

  it('infers by arktype', () => {
    const schema = type({ id: 'string', at: 'string.numeric.parse', 'note?': 'string' });
    const event = defineEvent('a', { schema, key: ({ id }) => id, ...rest });
    expectTypeOf<EventInput<typeof event>>().toEqualTypeOf<{ id: string; at: string; note?: string }>();
    expectTypeOf<EventOutput<typeof event>>().toEqualTypeOf<{ id: string; at: number; note?: string }>();
  });
});

describe('an upgrade', () => {
  const schema = z.object({ orderId: z.string(), items: z.array(z.string()) });
  const rest = { version: 2, schema, key: (order: z.output<typeof schema>) => order.orderId, businessLine: 'orders' };

  it("turns the old version's output into the new one's input", () => {
    const OrderPlacedV2 = defineEvent('order.placed', {
      ...rest,
      upgrades: {
        from: OrderPlaced,
        by: (old) => {
          expectTypeOf(old).toEqualTypeOf<{ orderId: string; sku: string; quantity: number }>();
          return { orderId: old.orderId, items: [old.sku] };
        },
      },
    });
    expectTypeOf<EventInput<typeof OrderPlacedV2>>().toEqualTypeOf<{ orderId: string; items: string[] }>();
  });

  it('to anything else is rejected', () => {
    const from = OrderPlaced;
    // @ts-expect-error a field of the new version is missing
    defineEvent('order.placed', { ...rest, upgrades: { from, by: ({ orderId }) => ({ orderId }) } });
    // @ts-expect-error a field has another type
    defineEvent('order.placed', { ...rest, upgrades: { from, by: (old) => ({ ...old, items: old.sku }) } });
    // @ts-expect-error the old version has no such field
    defineEvent('order.placed', { ...rest, upgrades: { from, by: (old) => ({ ...old, items: old.items }) } });
    // @ts-expect-error an upgrade is made at once
    defineEvent('order.placed', { ...rest, upgrades: { from, by: async (old) => ({ ...old, items: [] }) } });
    // @ts-expect-error another event is no older version of this one
    defineEvent('order.placed', { ...rest, upgrades: { from: StockReserved, by: () => ({ orderId: '', items: [] }) } });
    // @ts-expect-error from what?
    defineEvent('order.placed', { ...rest, upgrades: { by: () => ({ orderId: '', items: [] }) } });
  });
});
