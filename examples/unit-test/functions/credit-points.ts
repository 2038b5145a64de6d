import { Rejected } from 'waybill';
import { consume } from 'waybill/runtime';
import { CreditPoints, Members, RewardReached } from '../contract.ts';

const REWARD = 100;

/** Credits a member with an order's points, once for each order, and says so when they are enough for a reward. */
export const handler = consume(CreditPoints, async ({ customerId, orderId, points }, { tx }) => {
  tx.once(orderId);
  const member = await tx.get(Members, { customerId });
  if (!member) throw new Rejected(`'${customerId}' is not a member`);
  tx.update(Members, { customerId }, { add: { balance: points } });
  const balance = member.balance + points;
  if (member.balance < REWARD && balance >= REWARD) tx.publish(RewardReached, { customerId, balance });
});
