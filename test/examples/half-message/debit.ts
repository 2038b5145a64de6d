/**
 * A process that debits an account and halts before the nth statement of its transaction, or after the last:
 * `debit.ts <file> <account> <cents> <transaction id> <statement>`. It says `halted`, and goes on when it is told to.
 */
import { readSync, writeSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { Accounts } from '../../../examples/half-message/accounts.ts';

const [file = '', account = '', cents = '', transactionId = '', halt = ''] = process.argv.slice(2);
const database = new DatabaseSync(file);
let statements = 0;

function step<Result>(run: () => Result): Result {
  if (statements++ === Number(halt)) halted();
  return run();
}

function halted(): void {
  writeSync(1, 'halted\n');
  readSync(0, Buffer.alloc(1));
}

const observed = {
  exec: (sql: string) => step(() => database.exec(sql)),
  prepare: (sql: string) => {
    const statement = database.prepare(sql);
    return {
      run: (...values: (string | number)[]) => step(() => statement.run(...values)),
      all: (...values: string[]) => step(() => statement.all(...values)),
    };
  },
};

// Only what a debit uses of a database is there.
new Accounts(observed as unknown as DatabaseSync).debit(account, Number(cents), transactionId);
step(() => undefined);
