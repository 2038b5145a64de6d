import { defineEvent, defineSaga, defineStep, defineTable } from 'waybill';
import * as z from 'zod/mini';

const text = z.string().check(z.minLength(1), z.maxLength(64));
const key = ({ expenseId }: { readonly expenseId: string }) => expenseId;

/** What a person decides, e.g. by a button in a web page whose function publishes it. */
export const ExpenseDecided = defineEvent('expense.decided', {
  schema: z.object({ expenseId: text, approved: z.boolean(), by: text }),
  key,
  businessLine: 'expenses',
});
export const ExpensePaid = defineEvent('expense.paid', {
  schema: z.object({ expenseId: text, by: text }),
  key,
  businessLine: 'expenses',
});
export const ExpenseDeclined = defineEvent('expense.declined', {
  schema: z.object({ expenseId: text, why: z.string() }),
  key,
  businessLine: 'expenses',
});

/** What a team may still spend. */
export const Budgets = defineTable('budgets', {
  item: z.object({ team: text, left: z.int(), version: z.int() }),
  partitionKey: 'team',
  version: 'version',
});
export const Payments = defineTable('payments', {
  item: z.object({ expenseId: text, cents: z.int(), by: text }),
  partitionKey: 'expenseId',
});

export const Hold = defineStep('hold-budget', {
  input: z.object({ team: text, cents: z.int() }),
  tables: [Budgets],
});
export const Pay = defineStep('pay-expense', {
  input: z.object({ expenseId: text, cents: z.int(), approved: z.boolean(), by: text }),
  tables: [Payments],
  undo: 'none',
});

export const Reimburse = defineSaga('reimburse', {
  input: z.object({ expenseId: text, team: text, cents: z.int().check(z.positive()) }),
  key,
  businessLine: 'expenses',
})
  .step('hold', Hold, ({ input }) => ({ team: input.team, cents: input.cents }))
  .waitFor('decision', ExpenseDecided, {
    where: (decided) => decided.expenseId,
    is: ({ input }) => input.expenseId,
    within: '7d',
  })
  .step('pay', Pay, ({ input, decision }) => ({
    expenseId: input.expenseId,
    cents: input.cents,
    approved: decision.approved,
    by: decision.by,
  }))
  .ends({
    completed: [ExpensePaid, ({ input, decision }) => ({ expenseId: input.expenseId, by: decision.by })],
    compensated: [ExpenseDeclined, ({ input, failure }) => ({ expenseId: input.expenseId, why: failure.reason })],
  });
