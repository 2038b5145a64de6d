import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkBack, producer } from 'waybill/runtime';
import { MemoryStack } from 'waybill/testing';
import { Accounts } from './accounts.ts';
import { CreditWallet, MoneySent, Wallets } from './contract.ts';
import { handler as creditWallet } from './functions/credit-wallet.ts';
import { sendMoney } from './send-money.ts';

const transfer = { from: 'alice', to: 'bob', cents: 2_500 };
let accounts: Accounts;
let stack: MemoryStack;

beforeEach(() => {
  accounts = Accounts.open(':memory:');
  accounts.deposit('alice', 10_000);
  stack = new MemoryStack({
    subscribers: [CreditWallet],
    handlers: { 'credit-wallet': creditWallet },
    checkBack: checkBack(MoneySent, (transactionId) => accounts.decide(transactionId)),
  });
});
afterEach(() => accounts.close());

const prepare = () =>
  producer.prepare(MoneySent, transfer, { environment: stack.environment(), transactionId: 'debit-1' });

test('money that is sent leaves the account and reaches the wallet', async () => {
  await sendMoney(accounts, transfer, { environment: stack.environment() });
  await stack.settle();
  expect(accounts.balance('alice')).toBe(7_500);
  expect(stack.rows(Wallets)).toEqual([{ owner: 'bob', cents: 2_500 }]);
});

test('a half message whose debit has committed is committed by the check-back', async () => {
  await prepare();
  accounts.debit('alice', 2_500, 'debit-1');
  // Here the process ends: nobody commits the half message.
  await stack.advance('10s');
  expect(stack.rows(Wallets)).toEqual([{ owner: 'bob', cents: 2_500 }]);
});

test('a half message whose debit has not committed is rolled back, and the debit can commit no more', async () => {
  await prepare();
  await stack.advance('10s');
  expect(() => accounts.debit('alice', 2_500, 'debit-1')).toThrow();
  expect(accounts.balance('alice')).toBe(10_000);
  expect(stack.rows(Wallets)).toEqual([]);
});
