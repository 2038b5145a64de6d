import { consume } from 'waybill/runtime';
import { CountSales, Sales } from '../contract.ts';

/** Adds an order to what was sold that day. The order is counted once, though a customer may submit it twice. */
export const handler = consume(CountSales, async (order, { tx }) => {
  const { orderId, paymentSequence, sku, quantity, amountCents, placedAt } = order;
  tx.once(`${orderId}_${paymentSequence}`);
  tx.update(Sales, { sku, day: placedAt.slice(0, 10) }, { create: true, add: { orders: 1, quantity, amountCents } });
});
