import { defineSubscriber, defineTable } from 'waybill';
import { consume } from 'waybill/runtime';
import { z } from 'zod';
import { OrderPlaced } from '../../examples/commerce/contract.ts';

/** What is out of order: the bank as a whole, or what it says of one order. */
export const Outages = defineTable('outages', {
  item: z.object({ name: z.string(), out: z.string() }),
  partitionKey: 'name',
});
export const BANK = 'bank';

/** A subscriber with a breaker. */
export const ChargeCard = defineSubscriber('charge-card', { consumes: [OrderPlaced], tables: [Outages] });

export const handler = consume(ChargeCard, async ({ orderId }, { tx }) => {
  for (const name of [BANK, orderId]) {
    if (await tx.get(Outages, { name })) throw new Error(`${name} does not answer`);
  }
});
