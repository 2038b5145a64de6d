import { consume } from 'waybill/runtime';
import { LoadParcelV2, Weights } from '../contract.ts';

export const handler = consume(LoadParcelV2, ({ parcelId, grams }, { tx }) => {
  tx.update(
    Weights,
    { parcelId, subscriber: LoadParcelV2.name },
    { create: true, set: { grams, knows: 2 }, add: { times: 1 } },
  );
});
