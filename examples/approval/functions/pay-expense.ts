import { Rejected } from 'waybill';
import { consumeStep } from 'waybill/runtime';
import { Pay, Payments } from '../contract.ts';

export const handler = consumeStep(Pay, {
  run: ({ expenseId, cents, approved, by }, { tx }) => {
    // The step decides by what it is told: a refusal undoes what was held.
    if (!approved) throw new Rejected(`declined by ${by}`);
    tx.put(Payments, { expenseId, cents, by });
  },
});
