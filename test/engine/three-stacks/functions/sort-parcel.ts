import { consume } from 'waybill/runtime';
import { Effects, SortParcel } from '../contract.ts';

export const handler = consume(SortParcel, ({ parcelId }, { tx }) => {
  tx.update(Effects, { parcelId, subscriber: SortParcel.name }, { create: true, add: { times: 1 } });
});
