import { consume } from 'waybill/runtime';
import { ChartParcelV2, Weights } from '../contract.ts';

export const handler = consume(ChartParcelV2, ({ parcelId, grams }, { tx }) => {
  tx.update(
    Weights,
    { parcelId, subscriber: ChartParcelV2.name },
    { create: true, set: { grams, knows: 2 }, add: { times: 1 } },
  );
});
