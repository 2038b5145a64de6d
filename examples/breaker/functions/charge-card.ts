import type { EventOutput } from 'waybill';
import { consume } from 'waybill/runtime';
import { ChargeCard, type ChargeRequested } from '../contract.ts';

/** The provider does not answer, or answers that something is wrong with it. */
export class ProviderDown extends Error {
  override readonly name = 'ProviderDown';
}

type Charge = EventOutput<typeof ChargeRequested>;

/** @param charge asks the provider. It knows a charge by its order: a second request for one is answered, and charges nothing */
export function chargeCardBy(charge: (charge: Charge) => Promise<void>) {
  return consume(ChargeCard, (one) => charge(one), { trips: (error) => error instanceof ProviderDown });
}

export const handler = chargeCardBy(async ({ orderId, amountCents }) => {
  const body = JSON.stringify({ orderId, amountCents });
  const signal = AbortSignal.timeout(2_000);
  const answer = await fetch(`${process.env.PROVIDER_URL}/charges/${orderId}`, { method: 'PUT', body, signal }).catch(
    (cause: unknown) => {
      throw new ProviderDown('the provider does not answer', { cause });
    },
  );
  if (answer.status >= 500) throw new ProviderDown(`the provider answers ${answer.status}`);
  if (!answer.ok) throw new Error(`the provider refuses the charge: ${answer.status}`);
});
