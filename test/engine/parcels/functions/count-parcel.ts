import { consume } from 'waybill/runtime';
import { CountParcel, Effects, Totals } from '../contract.ts';

export const handler = consume(CountParcel, ({ parcelId, grams }, { tx }) => {
  const subscriber = CountParcel.name;
  tx.update(Effects, { parcelId, subscriber }, { create: true, add: { times: 1, grams } });
  tx.update(Totals, { subscriber }, { create: true, add: { parcels: 1, grams } });
});
