import { consume } from 'waybill/runtime';
import { Effects, RingBell } from '../contract.ts';

export const handler = consume(RingBell, ({ reminderId }, { tx }) => {
  tx.update(
    Effects,
    { reminderId, subscriber: RingBell.name },
    { create: true, add: { times: 1 }, set: { at: Date.now() } },
  );
});
