import { defineEffect, defineEvent, defineTable } from 'waybill';
import { z } from 'zod';
import { defineSaga } from '../../lib/contract/saga.ts';
import { defineStep } from '../../lib/contract/step.ts';

export const Order = z.object({ orderId: z.string(), sku: z.string(), quantity: z.int().positive(), cents: z.int() });
const key = (order: { readonly orderId: string }) => order.orderId;

export const OrderConfirmed = defineEvent('order.confirmed', {
  schema: z.object({ orderId: z.string(), receipt: z.string() }),
  key,
  businessLine: 'orders',
});
export const OrderRefused = defineEvent('order.refused', {
  schema: z.object({ orderId: z.string(), why: z.string() }),
  key,
  businessLine: 'orders',
});

export const Stock = defineTable('stock', {
  item: z.object({ sku: z.string(), quantity: z.int(), version: z.int() }),
  partitionKey: 'sku',
  version: 'version',
});
export const Shipments = defineTable('shipments', {
  item: z.object({ orderId: z.string(), receipt: z.string() }),
  partitionKey: 'orderId',
});

export const Payment = defineEffect('payment', {
  input: z.object({ orderId: z.string(), cents: z.int() }),
  output: z.object({ id: z.string() }),
  clockSkew: '1s',
});
export const Refund = defineEffect('refund', {
  input: z.object({ payment: z.string() }),
  output: z.object({ id: z.string() }),
  clockSkew: '1s',
});

export const Reserve = defineStep('reserve', {
  input: z.object({ sku: z.string(), quantity: z.int().positive() }),
  output: z.object({ hold: z.string() }),
  tables: [Stock],
  retry: { attempts: 4 },
});
export const Charge = defineStep('charge', {
  input: z.object({ orderId: z.string(), cents: z.int(), hold: z.string() }),
  output: z.object({ id: z.string() }),
  effects: [Payment, Refund],
  retry: { attempts: 4 },
});
export const Ship = defineStep('ship', {
  input: z.object({ orderId: z.string(), receipt: z.string() }),
  output: z.object({ parcel: z.string() }),
  tables: [Shipments],
  retry: { attempts: 4 },
});
export const Notify = defineStep('notify', {
  input: z.object({ orderId: z.string() }),
  output: z.object({}),
  undo: 'none',
});

export const PlaceOrder = defineSaga('place-order', { input: Order, key, businessLine: 'orders' })
  .step('reserve', Reserve, ({ input }) => ({ sku: input.sku, quantity: input.quantity }))
  .step(
    'charge',
    Charge,
    ({ input, reserve }) => ({ orderId: input.orderId, cents: input.cents, hold: reserve.hold }),
    {
      within: '10m',
    },
  )
  .step('ship', Ship, ({ input, charge }) => ({ orderId: input.orderId, receipt: charge.id }))
  .ends({
    completed: [OrderConfirmed, ({ input, charge }) => ({ orderId: input.orderId, receipt: charge.id })],
    compensated: [OrderRefused, ({ input, failure }) => ({ orderId: input.orderId, why: failure.code })],
  });
