import { atLeast, consume } from 'waybill/runtime';
import { ReserveStock, Stock } from '../contract.ts';

/** Takes the pieces out of the stock; an order for more than there is, is given up. */
export const handler = consume(ReserveStock, async (order, { tx }) => {
  const { sku, quantity } = order;
  const enough = { quantity: atLeast(quantity) };
  tx.update(Stock, { sku }, { add: { quantity: -quantity }, when: enough, otherwise: 'deadLetter' });
});
