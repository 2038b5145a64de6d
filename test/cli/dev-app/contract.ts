import { defineEvent, defineSubscriber } from 'waybill';
import * as z from 'zod/mini';

export const OrderPlaced = defineEvent('order.placed', {
  schema: z.object({ orderId: z.string() }),
  key: (order) => order.orderId,
  businessLine: 'orders',
});

export const PackOrder = defineSubscriber('pack-order', { consumes: [OrderPlaced] });
