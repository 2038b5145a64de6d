import { consume } from 'waybill/runtime';
import { type ChartBell, Effects, type RingAlarm, type RingBell } from './contract.ts';

/** Notes when a reminder took effect, and how often. */
export function noting(subscriber: typeof RingBell | typeof RingAlarm | typeof ChartBell) {
  return consume(subscriber, ({ reminderId }, { tx }) => {
    const key = { reminderId, subscriber: subscriber.name };
    tx.update(Effects, key, { create: true, add: { times: 1 }, set: { at: Date.now() } });
  });
}
