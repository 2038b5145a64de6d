import { consume } from 'waybill/runtime';
import { Effects, NotifyReceiver } from '../contract.ts';

export const handler = consume(NotifyReceiver, ({ parcelId }, { tx }) => {
  tx.update(Effects, { parcelId, subscriber: NotifyReceiver.name }, { create: true, add: { times: 1 } });
});
