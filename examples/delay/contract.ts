import { defineEvent, defineSubscriber, defineTable } from 'waybill';
import * as z from 'zod/mini';

const text = z.string();

/** The time has come to remind a patient of an appointment. */
export const ReminderDue = defineEvent('reminder.due', {
  schema: z.object({ appointmentId: text, patient: text }),
  key: ({ appointmentId }) => appointmentId,
  businessLine: 'appointments',
});

/** `reminder` is the id of the message that reminds of it. */
export const Appointments = defineTable('appointments', {
  item: z.object({ appointmentId: text, patient: text, reminder: text }),
  partitionKey: 'appointmentId',
});

/** What patients find in their inbox. */
export const Notices = defineTable('notices', {
  item: z.object({ patient: text, messageId: text, appointmentId: text }),
  partitionKey: 'patient',
  sortKey: 'messageId',
});

export const Remind = defineSubscriber('remind', {
  consumes: [ReminderDue],
  tables: [Notices],
});
