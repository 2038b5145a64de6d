import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { EventInput } from 'waybill';
import type { OrderPlaced, StockReserved } from '../../examples/commerce/contract.ts';

/** What a handler does with a message of the example shop. */
export type Work = 'one business write' | 'a payment';

/** A library's handlers under measurement, with the network stubbed: every AWS call is answered at once. */
export interface MeasuredHandler {
  readonly name: string;
  /** The message on the wire. */
  body(work: Work, number: number): string;
  readonly handlers: { readonly [W in Work]: (event: SQSEvent) => Promise<SQSBatchResponse> };
  /** AWS calls so far. */
  calls(): number;
}

/** An order as a shop of some size has them. */
export function orderPlaced(number: number): EventInput<typeof OrderPlaced> {
  return {
    orderId: `order-2026-11-${String(number).padStart(8, '0')}`,
    customerId: `customer-${String((number * 7919) % 100_000).padStart(6, '0')}`,
    sku: `sku-${String((number * 104_729) % 5_000).padStart(5, '0')}`,
    quantity: 1 + (number % 9),
    amountCents: 995 + ((number * 37) % 20_000),
    paymentSequence: 1,
    placedAt: new Date(1_795_421_640_000 + number * 1_000).toISOString(),
  };
}

/** The goods of that order, set aside. */
export function stockReserved(number: number): EventInput<typeof StockReserved> {
  const { orderId, customerId, sku, quantity } = orderPlaced(number);
  return { orderId, customerId, sku, quantity };
}
