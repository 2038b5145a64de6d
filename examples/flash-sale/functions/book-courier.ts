import { setTimeout as sleep } from 'node:timers/promises';
import { consume } from 'waybill/runtime';
import { BookCourier, Bookings } from '../contract.ts';

/** How long the courier's service takes, in milliseconds. */
const COURIER_MS = Number(process.env.COURIER_MS ?? 2_000);

/** The courier's service stands in for one that is asked over the network: all that matters here is that it takes its time. */
export const handler = consume(BookCourier, async ({ orderId }, { tx }) => {
  await sleep(COURIER_MS);
  tx.update(Bookings, { orderId }, { create: true, add: { booked: 1 } });
});
