import { consume } from 'waybill/runtime';
import { ArchiveParcel, Effects } from '../contract.ts';

export const handler = consume(ArchiveParcel, ({ parcelId }, { tx }) => {
  tx.update(Effects, { parcelId, subscriber: ArchiveParcel.name }, { create: true, add: { times: 1 } });
});
