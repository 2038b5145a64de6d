import { consume } from 'waybill/runtime';
import { NoteShipping, ShippingNotes } from '../contract.ts';

/** Writes the note by which the warehouse sends the goods. One write: the inbox row alone makes it happen once. */
export const handler = consume(NoteShipping, async ({ orderId, customerId, sku, quantity }, { tx }) => {
  tx.update(ShippingNotes, { orderId }, { create: true, set: { customerId, sku, quantity }, add: { copies: 1 } });
});
