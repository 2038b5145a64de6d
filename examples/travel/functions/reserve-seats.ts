import { atLeast, consumeStep } from 'waybill/runtime';
import { Reserve, Seats } from '../contract.ts';

export const handler = consumeStep(Reserve, {
  run: ({ flight, seats }, { tx }) => {
    tx.update(Seats, { flight }, { add: { left: -seats }, when: { left: atLeast(seats) }, otherwise: 'deadLetter' });
  },
  undo: ({ flight, seats }, _, { tx }) => tx.update(Seats, { flight }, { add: { left: seats } }),
});
