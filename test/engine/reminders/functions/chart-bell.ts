import { consume } from 'waybill/runtime';
import { ChartBell, Effects } from '../contract.ts';

export const handler = consume(ChartBell, ({ reminderId }, { tx }) => {
  tx.update(
    Effects,
    { reminderId, subscriber: ChartBell.name },
    { create: true, add: { times: 1 }, set: { at: Date.now() } },
  );
});
