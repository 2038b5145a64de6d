import { NotDone } from 'waybill/runtime';

/** What a payment provider answers about a charge. */
export interface ChargeAnswer {
  readonly chargeId: string;
}

/** What the shop asks of its payment provider. */
export interface PaymentProvider {
  /** Charges, by one request. `reference` names the payment to the provider. */
  charge(reference: string, amountCents: number, options: { readonly signal: AbortSignal }): Promise<ChargeAnswer>;
  /** Asks what became of a payment. */
  find(reference: string): Promise<ChargeAnswer | undefined>;
}

/** Longer than the provider takes when it is well. */
const PATIENCE_MS = 2_000;

/** The payment provider at an address: `PUT /charges/<reference>` charges, and `GET` asks what became of it. */
export function paymentProviderAt(url: string): PaymentProvider {
  const at = (reference: string) => `${url}/charges/${encodeURIComponent(reference)}`;
  return {
    charge: async (reference, amountCents, { signal }) => {
      const within = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
      const body = JSON.stringify({ amountCents });
      const reply = await fetch(at(reference), { method: 'PUT', body, signal: within });
      if (reply.ok) return (await reply.json()) as ChargeAnswer;
      // The provider has judged the request, and refuses it. Anything else may have been charged all the same.
      if ([400, 402, 422, 429].includes(reply.status)) throw new NotDone(`the provider answers ${reply.status}`);
      throw new Error(`The provider answers ${reply.status}`);
    },
    find: async (reference) => {
      const reply = await fetch(at(reference), { signal: AbortSignal.timeout(PATIENCE_MS) });
      if (reply.status === 404) return undefined;
      if (!reply.ok) throw new Error(`The provider answers ${reply.status}`);
      return (await reply.json()) as ChargeAnswer;
    },
  };
}
