import { consume } from 'waybill/runtime';
import { Notices, Remind } from '../contract.ts';

/** Puts a reminder into the patient's inbox. It is called at the reminder's moment, never before. */
export const handler = consume(Remind, ({ appointmentId, patient }, { tx, message }) => {
  tx.put(Notices, { patient, messageId: message.id, appointmentId });
});
