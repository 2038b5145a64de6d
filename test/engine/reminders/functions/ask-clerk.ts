import { checkBack } from 'waybill/runtime';
import { COMMITTED, ReminderDue } from '../contract.ts';

export const handler = checkBack(ReminderDue, async (transactionId) =>
  transactionId.startsWith(COMMITTED) ? 'commit' : 'unknown',
);
