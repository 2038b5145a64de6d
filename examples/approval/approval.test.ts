import { beforeEach, expect, test } from 'vitest';
import { publish } from 'waybill/runtime';
import { MemoryStack } from 'waybill/testing';
import { Budgets, ExpenseDecided, Hold, Pay, Payments, Reimburse } from './contract.ts';
import { handler as holdBudget } from './functions/hold-budget.ts';
import { handler as payExpense } from './functions/pay-expense.ts';

let stack: MemoryStack;

beforeEach(() => {
  stack = new MemoryStack({
    subscribers: [Hold, Pay],
    handlers: { 'hold-budget': holdBudget, 'pay-expense': payExpense },
    sagas: [Reimburse],
  }).row(Budgets, { team: 'ops', left: 10_000, version: 1 });
});

const claim = () =>
  publish(Reimburse, { expenseId: 'e1', team: 'ops', cents: 4_000 }, { environment: stack.environment() });
const decide = (approved: boolean) =>
  publish(ExpenseDecided, { expenseId: 'e1', approved, by: 'Ada' }, { environment: stack.environment() });
const left = () => stack.read(Budgets, { team: 'ops' })?.left;

test('an expense is paid when somebody has approved it', async () => {
  await claim();
  await stack.advance('10m');
  expect(left()).toBe(6_000);
  expect(stack.rows(Payments)).toEqual([]);

  await decide(true);
  await stack.advance('1m');
  expect(stack.rows(Payments)).toEqual([{ expenseId: 'e1', cents: 4_000, by: 'Ada' }]);
});

test('an expense that is declined gives its budget back', async () => {
  await claim();
  await decide(false);
  await stack.advance('1m');
  expect(left()).toBe(10_000);
  expect(stack.rows(Payments)).toEqual([]);
});

test('an expense on which nobody decides gives its budget back after a week', async () => {
  await claim();
  await stack.advance('1m');
  await stack.clock.advance(7 * 24 * 60 * 60_000);
  await stack.advance('1m');
  expect(left()).toBe(10_000);
});
