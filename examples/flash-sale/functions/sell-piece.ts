import { atLeast, consume } from 'waybill/runtime';
import { CourierRequested, SellPiece, Shelf, Sold } from '../contract.ts';

/**
 * Hands out a piece, or notes that the order came too late. What was read is no promise: the write takes effect only while a
 * piece is left, and otherwise this runs again.
 */
export const handler = consume(SellPiece, async ({ orderId, sku, byCourier }, { tx }) => {
  const { left = 0 } = (await tx.get(Shelf, { sku })) ?? {};
  if (left === 0) return tx.put(Sold, { orderId, sku, pieces: 0 });
  tx.update(Shelf, { sku }, { add: { left: -1 }, when: { left: atLeast(1) } });
  tx.update(Sold, { orderId }, { create: true, set: { sku }, add: { pieces: 1 } });
  if (byCourier) tx.publish(CourierRequested, { orderId });
});
