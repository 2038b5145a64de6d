import { consume } from 'waybill/runtime';
import { DeliverParcel, Effects } from '../contract.ts';

export const handler = consume(DeliverParcel, ({ parcelId, grams }, { tx }) => {
  tx.update(Effects, { parcelId, subscriber: DeliverParcel.name }, { create: true, add: { times: 1, grams } });
});
