import { setTimeout as sleep } from 'node:timers/promises';
import { consume } from 'waybill/runtime';
import { BookCourier, Bookings } from '../contract.ts';

/** How long the courier's service takes, in milliseconds. */
const COURIER_MS = Number(process.env.COURIER_MS ?? 2_000);

/** @param ask asks the courier's service to bring an order. It knows one by its id */
export function bookCourierBy(ask: (orderId: string) => Promise<unknown>) {
  return consume(BookCourier, async ({ orderId }, { tx }) => {
    await ask(orderId);
    tx.update(Bookings, { orderId }, { create: true, add: { booked: 1 } });
  });
}

/** A service that is asked over the network: all that matters here is that it takes its time. */
export const handler = bookCourierBy(() => sleep(COURIER_MS));
