import { consume } from 'waybill/runtime';
import { Effects, TrackParcel } from '../contract.ts';

export const handler = consume(TrackParcel, ({ parcelId }, { tx }) => {
  tx.update(Effects, { parcelId, subscriber: TrackParcel.name }, { create: true, add: { times: 1 } });
});
