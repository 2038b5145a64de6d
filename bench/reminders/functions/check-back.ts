import { checkBack } from 'waybill/runtime';
import { ReminderDue } from '../contract.ts';

/** Every producer of the benchmark decides by itself. */
export const handler = checkBack(ReminderDue, async () => 'unknown');
