import { consume } from 'waybill/runtime';
import { type ChartParcelV1, type ChartParcelV2, type LoadParcelV1, type LoadParcelV2, Weights } from './contract.ts';

/** A consumer from before the event had a second version. */
export function weighingKilograms(subscriber: typeof LoadParcelV1 | typeof ChartParcelV1) {
  return consume(subscriber, ({ parcelId, kilograms }, { tx }) => {
    const set = { grams: 1_000 * kilograms, knows: 1 };
    tx.update(Weights, { parcelId, subscriber: subscriber.name }, { create: true, set, add: { times: 1 } });
  });
}

/** A consumer that knows the second version. */
export function weighingGrams(subscriber: typeof LoadParcelV2 | typeof ChartParcelV2) {
  return consume(subscriber, ({ parcelId, grams }, { tx }) => {
    const set = { grams, knows: 2 };
    tx.update(Weights, { parcelId, subscriber: subscriber.name }, { create: true, set, add: { times: 1 } });
  });
}
