import { defineEvent, defineSubscriber, defineTable } from 'waybill';
import { z } from 'zod';

/** The contract of DESIGN's example, which the type tests here handle well and badly. */
export const OrderPlaced = defineEvent('order.placed', {
  schema: z.object({ orderId: z.string(), sku: z.string(), quantity: z.int().positive() }),
  key: (order) => order.orderId,
  businessLine: 'orders',
});

export const OrderCancelled = defineEvent('order.cancelled', {
  schema: z.object({ orderId: z.string(), reason: z.string().default('none'), at: z.string().transform(Date.parse) }),
  key: (order) => order.orderId,
  businessLine: 'orders',
});

export const StockReserved = defineEvent('stock.reserved', {
  schema: z.object({ orderId: z.string(), sku: z.string(), quantity: z.int() }),
  key: (reserved) => reserved.sku,
  businessLine: 'inventory',
});

export const Stock = defineTable('stock', {
  item: z.object({
    sku: z.string(),
    quantity: z.int(),
    reserved: z.int().optional(),
    note: z.string().optional(),
    state: z.enum(['open', 'closed']),
    version: z.int(),
  }),
  partitionKey: 'sku',
  version: 'version',
});

export const Movements = defineTable('movements', {
  item: z.object({ sku: z.string(), at: z.int(), by: z.string() }),
  partitionKey: 'sku',
  sortKey: 'at',
});

export const ReserveStock = defineSubscriber('reserve-stock', {
  consumes: [OrderPlaced],
  publishes: [StockReserved],
  tables: [Stock],
});

export const FollowOrders = defineSubscriber('follow-orders', {
  consumes: [OrderPlaced, OrderCancelled],
  publishes: [StockReserved, OrderCancelled],
  tables: [Stock, Movements],
});
