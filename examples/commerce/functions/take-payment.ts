import { consume } from 'waybill/runtime';
import { Orders, PaymentSucceeded, Payments, TakePayment } from '../contract.ts';

/** Pays an order. The same payment never takes effect twice, however many messages ask for it. */
export const handler = consume(TakePayment, async (order, { tx }) => {
  const { orderId, customerId, sku, quantity, amountCents, paymentSequence } = order;
  tx.once(`${orderId}_${paymentSequence}`);
  tx.update(
    Orders,
    { orderId },
    { set: { status: 'PAID' }, when: { status: 'UNPAID', amountCents }, otherwise: 'deadLetter' },
  );
  tx.update(
    Payments,
    { orderId, paymentSequence },
    { create: true, set: { customerId }, add: { amountCents, captures: 1 } },
  );
  tx.publish(PaymentSucceeded, { orderId, customerId, sku, quantity, amountCents, paymentSequence });
});
