import { consume } from 'waybill/runtime';
import { Effects, RingAlarm } from '../contract.ts';

export const handler = consume(RingAlarm, ({ reminderId }, { tx }) => {
  tx.update(
    Effects,
    { reminderId, subscriber: RingAlarm.name },
    { create: true, add: { times: 1 }, set: { at: Date.now() } },
  );
});
