import { defineEvent, defineSubscriber } from 'waybill';
import { consume } from 'waybill/runtime';
import * as z from 'zod/mini';

const OrderPlaced = defineEvent('order.placed', {
  schema: z.object({ orderId: z.string() }),
  key: (order) => order.orderId,
  businessLine: 'orders',
});

export const handler = consume(defineSubscriber('reserve-stock', { consumes: [OrderPlaced] }), async () => undefined);
