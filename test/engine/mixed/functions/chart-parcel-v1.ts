import { consume } from 'waybill/runtime';
import { ChartParcelV1, Weights } from '../contract.ts';

export const handler = consume(ChartParcelV1, ({ parcelId, kilograms }, { tx }) => {
  tx.update(
    Weights,
    { parcelId, subscriber: ChartParcelV1.name },
    { create: true, set: { grams: 1_000 * kilograms, knows: 1 }, add: { times: 1 } },
  );
});
