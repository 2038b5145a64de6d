import { defineEvent, defineSubscriber } from 'waybill';
import * as z from 'zod/mini';

const text = z.string().check(z.minLength(1), z.maxLength(128));

/** A customer's card is to be charged. */
export const ChargeRequested = defineEvent('charge.requested', {
  schema: z.object({ orderId: text, amountCents: z.int().check(z.positive()) }),
  key: (charge) => charge.orderId,
  businessLine: 'payments',
});

/** Has the provider charge cards: while the provider is out, charges wait. */
export const ChargeCard = defineSubscriber('charge-card', { consumes: [ChargeRequested] });
