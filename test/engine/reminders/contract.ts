import { defineEvent, defineSubscriber, defineTable } from 'waybill';
import * as z from 'zod/mini';

const text = z.string().check(z.minLength(1), z.maxLength(128));

export const ReminderDue = defineEvent('reminder.due', {
  schema: z.object({ reminderId: text }),
  key: (reminder) => reminder.reminderId,
  businessLine: 'reminders',
});

/** How often a reminder took effect at a subscriber, and when, in milliseconds since the epoch. */
export const Effects = defineTable('effects', {
  item: z.object({ reminderId: text, subscriber: text, times: z.int().check(z.positive()), at: z.int() }),
  partitionKey: 'reminderId',
  sortKey: 'subscriber',
});

const options = { consumes: [ReminderDue], tables: [Effects], deadline: '3s' } as const;

/** From a queue. */
export const RingBell = defineSubscriber('ring-bell', options);
/** From a stream. */
export const ChartBell = defineSubscriber('chart-bell', options);
/** From a queue of the ledger in which each delayed message has a schedule of its own. */
export const RingAlarm = defineSubscriber('ring-alarm', options);

/** What the local transaction has come to, by the beginning of its id. */
export const COMMITTED = 'committed-';
