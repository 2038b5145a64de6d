import { defineEvent, defineSubscriber, defineTable } from 'waybill';
import * as z from 'zod/mini';

export const OrderPlaced = defineEvent('order.placed', {
  schema: z.object({ orderId: z.string(), sku: z.string(), quantity: z.int() }),
  key: (order) => order.orderId,
  businessLine: 'orders',
});

export const Stock = defineTable('stock', {
  item: z.object({ sku: z.string(), quantity: z.int() }),
  partitionKey: 'sku',
});

export const ReserveStock = defineSubscriber('reserve-stock', {
  consumes: [OrderPlaced],
  tables: [Stock],
});
