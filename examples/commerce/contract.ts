import { defineEffect, defineEvent, defineSubscriber, defineTable } from 'waybill';
import * as z from 'zod/mini';

/**
 * The shop's contract: its events, tables, effects outside and subscribers. Infrastructure and handlers import the same values, so a
 * handler that writes an undeclared table, or a stack that forgets to bind one, does not compile.
 */

const text = z.string().check(z.minLength(1), z.maxLength(128));
const count = z.int().check(z.positive());
const whole = z.int().check(z.nonnegative());
const cents = whole;

// --- events -------------------------------------------------------------------------------------------------------

/** A customer has placed an order. `paymentSequence` numbers the attempts to pay it: the same number, the same payment. */
export const OrderPlaced = defineEvent('order.placed', {
  schema: z.object({
    orderId: text,
    customerId: text,
    sku: text,
    quantity: count,
    amountCents: cents,
    paymentSequence: count,
    placedAt: z.iso.datetime(),
  }),
  key: (order) => order.orderId,
  businessLine: 'orders',
});

/** The order is paid. */
export const PaymentSucceeded = defineEvent('payment.succeeded', {
  schema: z.object({
    orderId: text,
    customerId: text,
    sku: text,
    quantity: count,
    amountCents: cents,
    paymentSequence: count,
  }),
  key: (payment) => payment.orderId,
  businessLine: 'payments',
});

/** The goods of a paid order are set aside for it. */
export const StockReserved = defineEvent('stock.reserved', {
  schema: z.object({ orderId: text, customerId: text, sku: text, quantity: count }),
  key: (reservation) => reservation.orderId,
  businessLine: 'inventory',
});

// --- tables -------------------------------------------------------------------------------------------------------
// Rows that an event makes count how often it made them (`captures`, `reservations`, `copies`): they are 1 for ever, and
// an auditor who reads nothing but these tables sees whatever took effect twice, or not at all.

export const Orders = defineTable('orders', {
  item: z.object({
    orderId: text,
    customerId: text,
    sku: text,
    quantity: count,
    amountCents: cents,
    status: z.enum(['UNPAID', 'PAID']),
    placedAt: z.iso.datetime(),
  }),
  partitionKey: 'orderId',
});

export const Payments = defineTable('payments', {
  item: z.object({ orderId: text, paymentSequence: count, customerId: text, amountCents: cents, captures: count }),
  partitionKey: 'orderId',
  sortKey: 'paymentSequence',
});

export const Stock = defineTable('stock', {
  item: z.object({ sku: text, quantity: whole, initial: whole, version: count }),
  partitionKey: 'sku',
  version: 'version',
});

export const Reservations = defineTable('reservations', {
  item: z.object({ orderId: text, sku: text, quantity: count, reservations: count }),
  partitionKey: 'orderId',
});

export const ShippingNotes = defineTable('shipping-notes', {
  item: z.object({ orderId: text, customerId: text, sku: text, quantity: count, copies: count }),
  partitionKey: 'orderId',
});

/** What was sold of an article on a day (UTC). A row for each article: one row a day would be one hot row for the whole shop. */
export const Sales = defineTable('sales', {
  item: z.object({ sku: text, day: z.iso.date(), orders: count, quantity: count, amountCents: cents }),
  partitionKey: 'sku',
  sortKey: 'day',
});

// --- effects outside ----------------------------------------------------------------------------------------------

/** A charge at the payment provider. Functions of one region have clocks that differ by far less than a second. */
export const Charge = defineEffect('charge', {
  input: z.object({ orderId: text, paymentSequence: count, amountCents: cents }),
  output: z.object({ chargeId: text }),
  clockSkew: '1s',
});

// --- subscribers --------------------------------------------------------------------------------------------------

export const TakePayment = defineSubscriber('take-payment', {
  consumes: [OrderPlaced],
  publishes: [PaymentSucceeded],
  tables: [Orders, Payments],
  effects: [Charge],
});

export const ReserveStock = defineSubscriber('reserve-stock', {
  consumes: [PaymentSucceeded],
  publishes: [StockReserved],
  tables: [Stock, Reservations],
});

export const NoteShipping = defineSubscriber('note-shipping', {
  consumes: [StockReserved],
  tables: [ShippingNotes],
});

export const CountSales = defineSubscriber('count-sales', {
  consumes: [OrderPlaced],
  tables: [Sales],
});
