import { type Cancellation, cancel, type Environment, type Rescheduling, reschedule, transact } from 'waybill/runtime';
import { Appointments, ReminderDue } from './contract.ts';

export interface Appointment {
  readonly appointmentId: string;
  readonly patient: string;
  readonly at: Date;
}

interface Options {
  readonly environment?: Environment;
}

const HOUR_MS = 3_600_000;

/**
 * Books an appointment, whose reminder waits until an hour before it: both are committed, or neither is.
 *
 * @returns the id of the reminder, by which it can be given another moment or cancelled
 */
export async function book({ appointmentId, patient, at }: Appointment, options: Options = {}): Promise<string> {
  let reminder = '';
  await transact((tx) => {
    reminder = tx.publish(ReminderDue, { appointmentId, patient }, { deliverAt: anHourBefore(at) });
    tx.put(Appointments, { appointmentId, patient, reminder }, { when: 'absent' });
  }, options);
  return reminder;
}

/** Gives the reminder another moment. The id from `book` stays good, however often the appointment is moved. */
export function moveReminder(reminder: string, at: Date, options: Options = {}): Promise<Rescheduling> {
  return reschedule(reminder, { deliverAt: anHourBefore(at) }, options);
}

/** Cancels the reminder. Where it has reached the patient already, the answer says so; that is no error. */
export function cancelReminder(reminder: string, options: Options = {}): Promise<Cancellation> {
  return cancel(reminder, options);
}

function anHourBefore(moment: Date): Date {
  return new Date(moment.getTime() - HOUR_MS);
}
