import { defineEvent, defineSubscriber, defineTable } from 'waybill';
import * as z from 'zod/mini';

/** Says at what time it is to be handled. */
export const ReminderDue = defineEvent('reminder.due', {
  version: 1,
  businessLine: 'reminders',
  schema: z.object({ reminderId: z.string(), deliverAt: z.number() }),
  key: ({ reminderId }) => reminderId,
});

/** When each was handled, in milliseconds since the epoch. */
export const Arrivals = defineTable('arrivals', {
  item: z.object({ reminderId: z.string(), deliverAt: z.number(), handledAt: z.number() }),
  partitionKey: 'reminderId',
});

export const NoteArrival = defineSubscriber('note-arrival', { consumes: [ReminderDue], tables: [Arrivals] });
