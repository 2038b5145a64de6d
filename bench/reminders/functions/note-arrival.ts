import { consume } from 'waybill/runtime';
import { Arrivals, NoteArrival } from '../contract.ts';

export const handler = consume(NoteArrival, ({ reminderId, deliverAt }, { tx }) => {
  tx.put(Arrivals, { reminderId, deliverAt, handledAt: Date.now() }, { when: 'absent' });
});
