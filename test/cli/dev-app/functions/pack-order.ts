import { consume } from 'waybill/runtime';
import { PackOrder } from '../contract.ts';

export const handler = consume(PackOrder, async ({ orderId }) => {
  console.log(`packing ${orderId}`);
});
