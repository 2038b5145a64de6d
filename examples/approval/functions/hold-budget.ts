import { atLeast, consumeStep } from 'waybill/runtime';
import { Budgets, Hold } from '../contract.ts';

export const handler = consumeStep(Hold, {
  run: ({ team, cents }, { tx }) => {
    tx.update(Budgets, { team }, { add: { left: -cents }, when: { left: atLeast(cents) }, otherwise: 'deadLetter' });
  },
  undo: ({ team, cents }, _, { tx }) => tx.update(Budgets, { team }, { add: { left: cents } }),
});
