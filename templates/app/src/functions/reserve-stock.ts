import { consume } from 'waybill/runtime';
import { ReserveStock, Stock } from '../contract.ts';

/** Runs as often as messages come; each takes effect once, since it is committed together with what `tx` holds. */
export const handler = consume(ReserveStock, async (order, { tx }) => {
  tx.update(Stock, { sku: order.sku }, { create: true, add: { reserved: order.quantity } });
});
