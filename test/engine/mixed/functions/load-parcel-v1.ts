import { consume } from 'waybill/runtime';
import { LoadParcelV1, Weights } from '../contract.ts';

export const handler = consume(LoadParcelV1, ({ parcelId, kilograms }, { tx }) => {
  tx.update(
    Weights,
    { parcelId, subscriber: LoadParcelV1.name },
    { create: true, set: { grams: 1_000 * kilograms, knows: 1 }, add: { times: 1 } },
  );
});
