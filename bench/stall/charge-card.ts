import { consume } from 'waybill/runtime';
import { ChargeCard } from '../../examples/breaker/contract.ts';

/** Asks the provider, for as long as it takes to answer. */
export const handler = consume(ChargeCard, async ({ orderId }) => {
  const answer = await fetch(`${process.env.PROVIDER_URL}/charges/${orderId}`, { method: 'PUT' });
  if (!answer.ok) throw new Error(`the provider answers ${answer.status}`);
});
