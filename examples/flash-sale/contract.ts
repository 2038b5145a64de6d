import { defineEvent, defineSubscriber, defineTable } from 'waybill';
import * as z from 'zod/mini';

const text = z.string().check(z.minLength(1), z.maxLength(128));

/** Somebody wants one piece of the product on sale. */
export const SaleOrdered = defineEvent('sale.ordered', {
  schema: z.object({ orderId: text, sku: text, byCourier: z.boolean() }),
  key: (order) => order.orderId,
  businessLine: 'sales',
});

/** An order is to be brought by a courier. */
export const CourierRequested = defineEvent('courier.requested', {
  schema: z.object({ orderId: text }),
  key: (request) => request.orderId,
  businessLine: 'couriers',
});

/** How much of a product is left. Every order of a sale writes the same row. */
export const Shelf = defineTable('shelf', {
  item: z.object({ sku: text, left: z.int().check(z.nonnegative()) }),
  partitionKey: 'sku',
});

/** What became of an order: it got a piece, or came too late. */
export const Sold = defineTable('sold', {
  item: z.object({ orderId: text, sku: text, pieces: z.int().check(z.nonnegative()) }),
  partitionKey: 'orderId',
});

/** Couriers that were booked: one for an order. */
export const Bookings = defineTable('bookings', {
  item: z.object({ orderId: text, booked: z.int() }),
  partitionKey: 'orderId',
});

/** Hands pieces out while there are any. */
export const SellPiece = defineSubscriber('sell-piece', {
  consumes: [SaleOrdered],
  publishes: [CourierRequested],
  tables: [Shelf, Sold],
});

/** Books a courier, which takes a while: few at once are enough on any day but that of a sale. */
export const BookCourier = defineSubscriber('book-courier', {
  consumes: [CourierRequested],
  tables: [Bookings],
});
