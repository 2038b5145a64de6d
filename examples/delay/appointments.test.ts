import { expect, test } from 'vitest';
import { MemoryStack } from 'waybill/testing';
import { book, cancelReminder, moveReminder } from './appointments.ts';
import { Appointments, Notices, Remind } from './contract.ts';
import { handler } from './functions/remind.ts';

/** A practice, with everything that Waybill deploys around it, in memory. Its time passes by `advance` alone. */
function openPractice() {
  const stack = new MemoryStack({ subscribers: [Remind], handlers: { remind: handler } });
  const environment = stack.environment();
  const inMinutes = (minutes: number) => new Date(stack.now + minutes * 60_000);
  const bookIn = (minutes: number) =>
    book({ appointmentId: '1', patient: 'ada', at: inMinutes(minutes) }, { environment });
  return { stack, environment, inMinutes, bookIn };
}

test('a reminder comes an hour before the appointment, not earlier', async () => {
  const { stack, bookIn } = openPractice();
  const reminder = await bookIn(80);
  expect(stack.read(Appointments, { appointmentId: '1' })).toMatchObject({ reminder });
  await stack.advance('19m');
  expect(stack.rows(Notices)).toEqual([]);
  await stack.advance('1m');
  expect(stack.rows(Notices)).toMatchObject([{ patient: 'ada', appointmentId: '1' }]);
});

test('a reminder that was moved comes at its new moment only', async () => {
  const { stack, environment, inMinutes, bookIn } = openPractice();
  const reminder = await bookIn(80);
  expect(await moveReminder(reminder, inMinutes(90), { environment })).toMatchObject({ rescheduled: true });
  await stack.advance('29m');
  expect(stack.rows(Notices)).toEqual([]);
  await stack.advance('1m');
  expect(stack.rows(Notices)).toHaveLength(1);
});

test('a reminder that was moved is cancelled by its first id', async () => {
  const { stack, environment, inMinutes, bookIn } = openPractice();
  const reminder = await bookIn(80);
  await moveReminder(reminder, inMinutes(90), { environment });
  expect(await cancelReminder(reminder, { environment })).toMatchObject({ cancelled: true });
  await stack.advance('31m');
  expect(stack.rows(Notices)).toEqual([]);
});

test('a reminder that has reached the patient can be cancelled no more', async () => {
  const { stack, environment, bookIn } = openPractice();
  const reminder = await bookIn(61);
  await stack.advance('1m');
  expect(await cancelReminder(reminder, { environment })).toMatchObject({
    cancelled: false,
    ended: { remind: 'handled' },
  });
});
