import { consume, done, notDone } from 'waybill/runtime';
import { Charge, Orders, PaymentSucceeded, Payments, TakePayment } from '../contract.ts';
import { type PaymentProvider, paymentProviderAt } from '../payment-provider.ts';

/** The provider may carry out a request for so long after its sender has died. */
const SETTLE = '3s';

/**
 * Pays an order: the provider charges it, then one transaction says so in the shop. The same payment never takes effect
 * twice, however many messages ask for it.
 *
 * @param provider without one the shop sells on account, and nobody is charged
 */
export function takePaymentBy(provider: PaymentProvider | undefined) {
  return consume(TakePayment, async (order, { tx, message }) => {
    const { orderId, customerId, sku, quantity, amountCents, paymentSequence } = order;
    const payment = `${orderId}_${paymentSequence}`;
    tx.once(payment);
    const kept = provider && (await tx.get(Orders, { orderId }));
    // Nothing is charged for an order that is paid, is unknown or has another amount: the condition below ends its message.
    if (provider && kept?.status === 'UNPAID' && kept.amountCents === amountCents) {
      await message.effect(
        Charge,
        { orderId, paymentSequence, amountCents },
        {
          key: payment,
          run: (charge, { key, signal }) => provider.charge(key, charge.amountCents, { signal }),
          verify: async (_, { key }) => {
            const found = await provider.find(key);
            return found ? done(found) : notDone();
          },
          settle: SETTLE,
        },
      );
    }
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
}

const url = process.env.PAYMENT_PROVIDER_URL;

export const handler = takePaymentBy(url ? paymentProviderAt(url) : undefined);
