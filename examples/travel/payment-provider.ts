import { NotDone } from 'waybill/runtime';

/** What a trip asks of its payment provider. A reference names a payment, or a refund, to the provider. */
export interface PaymentProvider {
  charge(reference: string, cents: number, options: Signal): Promise<{ chargeId: string }>;
  refund(reference: string, chargeId: string, options: Signal): Promise<{ refundId: string }>;
  /** Asks what became of a payment. */
  findCharge(reference: string): Promise<{ chargeId: string } | undefined>;
  /** Asks what became of a refund. */
  findRefund(reference: string): Promise<{ refundId: string } | undefined>;
}

interface Signal {
  readonly signal: AbortSignal;
}

/** Longer than the provider takes when it is well. */
const PATIENCE_MS = 2_000;

/** The payment provider at an address: `PUT /<charges or refunds>/<reference>` does it, and `GET` asks what became of it. */
export function paymentProviderAt(url: string): PaymentProvider {
  const at = (kind: string, reference: string) => `${url}/${kind}/${encodeURIComponent(reference)}`;
  const put = async <Answer>(kind: string, reference: string, body: object, { signal }: Signal): Promise<Answer> => {
    const within = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
    const reply = await fetch(at(kind, reference), { method: 'PUT', body: JSON.stringify(body), signal: within });
    if (reply.ok) return (await reply.json()) as Answer;
    // The provider has judged the request, and refuses it. Anything else may have been done all the same.
    if (reply.status === 402) throw new NotDone('the card is refused');
    throw new Error(`The provider answers ${reply.status}`);
  };
  const find = async <Answer>(kind: string, reference: string): Promise<Answer | undefined> => {
    const reply = await fetch(at(kind, reference), { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (reply.status === 404) return undefined;
    if (!reply.ok) throw new Error(`The provider answers ${reply.status}`);
    return (await reply.json()) as Answer;
  };
  return {
    charge: (reference, cents, options) => put('charges', reference, { cents }, options),
    refund: (reference, chargeId, options) => put('refunds', reference, { chargeId }, options),
    findCharge: (reference) => find('charges', reference),
    findRefund: (reference) => find('refunds', reference),
  };
}
