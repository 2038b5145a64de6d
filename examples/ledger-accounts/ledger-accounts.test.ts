import { expect, test } from 'vitest';
import { redrive } from 'waybill/operations';
import { MemoryStack } from 'waybill/testing';
import { Accounts, Balances, Statements, WriteStatement } from './contract.ts';
import { handler } from './functions/write-statement.ts';
import { deposit, withdraw } from './move-money.ts';

/** A bank in memory. */
function bank() {
  const stack = new MemoryStack({
    subscribers: [WriteStatement],
    fifo: [WriteStatement],
    handlers: { 'write-statement': handler },
  });
  const environment = stack.environment();
  const linesOf = (account: string) =>
    stack
      .rows(Statements)
      .filter((line) => line.account === account)
      .map(({ text, balance }) => `${text}: ${balance}`);
  return { stack, environment, linesOf };
}

test('each movement is written below the one before it', async () => {
  const { stack, environment, linesOf } = bank();
  await deposit({ account: 'ada', cents: 500, text: 'salary' }, { environment });
  await withdraw({ account: 'ada', cents: 200, text: 'rent' }, { environment });
  await withdraw({ account: 'ada', cents: 300, text: 'books' }, { environment });
  await stack.settle();
  expect(linesOf('ada')).toEqual(['salary: 500', 'rent: 300', 'books: 0']);
  await expect(withdraw({ account: 'ada', cents: 1, text: 'more' }, { environment })).rejects.toThrow();
});

test('behind a movement that is dead the others of its account wait, and follow it once it is redriven', async () => {
  const { stack, environment, linesOf } = bank();
  // Somebody has spoilt a row: what is on the statement is less than on the account.
  stack.row(Balances, { account: 'ada', lines: 0, balance: -500, version: 1 });
  stack.row(Accounts, { account: 'ada', cents: 0 });
  await deposit({ account: 'ada', cents: 400, text: 'salary' }, { environment });
  await withdraw({ account: 'ada', cents: 100, text: 'rent' }, { environment });
  await deposit({ account: 'bob', cents: 700, text: 'salary' }, { environment });
  await stack.advance('1m');
  expect(await stack.deadLetters('write-statement')).toMatchObject([{ reason: 'rejected' }]);
  expect([linesOf('ada'), linesOf('bob')]).toEqual([[], ['salary: 700']]);

  stack.row(Balances, { account: 'ada', lines: 0, balance: 0, version: 2 });
  await redrive(WriteStatement, { environment });
  await stack.advance('5m');
  expect(linesOf('ada')).toEqual(['salary: 400', 'rent: 300']);
  expect(await stack.deadLetters('write-statement')).toEqual([]);
});
