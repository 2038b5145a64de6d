import { hash } from 'node:crypto';
import { Rejected } from 'waybill';
import { atLeast, consume } from 'waybill/runtime';
import { Reservations, ReserveStock, Stock, StockReserved } from '../contract.ts';

/**
 * Sets the goods of a paid order aside. The row of the goods is read first, so its version guards the write: when another
 * order takes the same goods meanwhile, the runtime runs this again on the new state.
 */
export const handler = consume(ReserveStock, async (payment, { tx }) => {
  const { orderId, customerId, sku, quantity } = payment;
  // The order and its goods say what is reserved. How it was paid does not: a second payment reserves nothing more.
  tx.once(hash('sha256', JSON.stringify([orderId, sku, quantity])));
  const stock = await tx.get(Stock, { sku });
  if (!stock) throw new Rejected('the shop does not sell these goods');
  tx.update(
    Stock,
    { sku },
    {
      add: { quantity: -quantity },
      when: { quantity: atLeast(quantity) },
      otherwise: 'deadLetter',
    },
  );
  tx.update(Reservations, { orderId }, { create: true, set: { sku }, add: { quantity, reservations: 1 } });
  tx.publish(StockReserved, { orderId, customerId, sku, quantity });
});
