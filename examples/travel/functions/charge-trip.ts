import { Rejected } from 'waybill';
import { consumeStep, done, NotDone, notDone } from 'waybill/runtime';
import { Charge, Payment, Refund } from '../contract.ts';
import { type PaymentProvider, paymentProviderAt } from '../payment-provider.ts';

/** The provider may carry out a request for so long after its sender has died. */
const settle = '3s';

/** Charges a trip, and gives the money back where the trip does not come about. */
export function chargeTripBy(provider: PaymentProvider) {
  const asked = <Answer>(found: Answer | undefined) => (found ? done(found) : notDone());
  return consumeStep(Charge, {
    run: async ({ cents }, { message }) => {
      try {
        return await message.effect(
          Payment,
          { cents },
          {
            run: (_, { key, signal }) => provider.charge(key, cents, { signal }),
            verify: async (_, { key }) => asked(await provider.findCharge(key)),
            settle,
          },
        );
      } catch (error) {
        // The provider has judged the request: no other attempt mends it.
        if (error instanceof NotDone) throw new Rejected(error.message);
        throw error;
      }
    },
    undo: async (_, charged, { message, effects }) => {
      const chargeId = charged?.chargeId ?? effects.payment?.chargeId;
      if (chargeId === undefined) return;
      await message.effect(
        Refund,
        { chargeId },
        {
          run: (_, { key, signal }) => provider.refund(key, chargeId, { signal }),
          verify: async (_, { key }) => asked(await provider.findRefund(key)),
          settle,
        },
      );
    },
  });
}

export const handler = chargeTripBy(paymentProviderAt(process.env.PAYMENT_PROVIDER_URL ?? 'http://localhost'));
