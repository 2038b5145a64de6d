import { defineEvent, defineSubscriber, defineTable } from 'waybill';
import * as z from 'zod/mini';

const points = z.int().check(z.positive());

/** An order has earned its customer points. */
export const PointsEarned = defineEvent('points.earned', {
  schema: z.object({ customerId: z.string(), orderId: z.string(), points }),
  key: ({ customerId }) => customerId,
  businessLine: 'loyalty',
});

/** A customer has points enough for a reward. */
export const RewardReached = defineEvent('reward.reached', {
  schema: z.object({ customerId: z.string(), balance: points }),
  key: ({ customerId }) => customerId,
  businessLine: 'loyalty',
});

export const Members = defineTable('members', {
  item: z.object({ customerId: z.string(), balance: z.int(), version: z.int() }),
  partitionKey: 'customerId',
  version: 'version',
});

export const CreditPoints = defineSubscriber('credit-points', {
  consumes: [PointsEarned],
  publishes: [RewardReached],
  tables: [Members],
});
