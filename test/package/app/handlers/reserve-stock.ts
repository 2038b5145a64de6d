import { atLeast, consume } from 'waybill/runtime';
import { ReserveStock, Stock } from '../contract.ts';

export const handler = consume(ReserveStock, async (order, { tx }) => {
  tx.update(
    Stock,
    { sku: order.sku },
    { add: { quantity: -order.quantity }, when: { quantity: atLeast(order.quantity) } },
  );
});

export const mistaken = consume(ReserveStock, async (order, { tx }) => {
  // @ts-expect-error the installed declarations know the table's columns
  tx.update(Stock, { sku: order.sku }, { add: { quantities: 1 } });
});
