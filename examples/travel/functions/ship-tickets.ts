import { Rejected } from 'waybill';
import { consumeStep } from 'waybill/runtime';
import { Ship, Tickets } from '../contract.ts';

export const handler = consumeStep(Ship, {
  run: ({ tripId, to, receipt }, { tx }) => {
    if (to === 'nowhere') throw new Rejected('nobody delivers there');
    tx.put(Tickets, { tripId, receipt });
  },
  undo: ({ tripId }, _, { tx }) => tx.delete(Tickets, { tripId }),
});
