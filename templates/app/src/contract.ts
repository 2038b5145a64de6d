import { defineEvent, defineSubscriber, defineTable } from 'waybill';
import * as z from 'zod/mini';

/** What producers and subscribers agree on: infrastructure and handlers import it alike. */
export const OrderPlaced = defineEvent('order.placed', {
  schema: z.object({ orderId: z.string(), sku: z.string(), quantity: z.int().check(z.positive()) }),
  key: (order) => order.orderId,
  businessLine: 'orders',
});

export const Stock = defineTable('stock', {
  item: z.object({ sku: z.string(), reserved: z.int() }),
  partitionKey: 'sku',
});

export const ReserveStock = defineSubscriber('reserve-stock', { consumes: [OrderPlaced], tables: [Stock] });
