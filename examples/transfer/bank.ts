import { DatabaseSync } from 'node:sqlite';
import {
  decideTransaction,
  NotDone,
  recordCommit,
  sqlite,
  TRANSACTION_TABLE,
  type TransactionOutcome,
} from 'waybill/runtime';

const TABLES = `
  CREATE TABLE IF NOT EXISTS account (id TEXT PRIMARY KEY, cents INTEGER NOT NULL CHECK (cents >= 0));
  CREATE TABLE IF NOT EXISTS booking (key TEXT PRIMARY KEY, account TEXT NOT NULL, cents INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS standing (transfer TEXT PRIMARY KEY, cents INTEGER NOT NULL);
`;

/** A bank, whose accounts are in SQLite: it knows nothing of DynamoDB, nor of the other bank. */
export class Bank {
  readonly #database: DatabaseSync;

  /** The bank in a file, which is made where there is none. */
  constructor(file: string) {
    this.#database = new DatabaseSync(file);
    this.#database.exec(TRANSACTION_TABLE);
    this.#database.exec(TABLES);
  }

  open(account: string, cents = 0): void {
    this.#database.prepare('INSERT INTO account VALUES (?, ?)').run(account, cents);
  }

  balance(account: string): number {
    return Number(this.#database.prepare('SELECT cents FROM account WHERE id = ?').get(account)?.cents ?? 0);
  }

  /**
   * Books an amount on an account, once for the key.
   *
   * @throws NotDone when there is no such account, or it has less: nothing is booked
   */
  book(key: string, { account, cents }: { readonly account: string; readonly cents: number }): { booked: boolean } {
    return this.#within(() => {
      const { changes: isNew } = this.#database
        .prepare('INSERT INTO booking VALUES (?, ?, ?) ON CONFLICT (key) DO NOTHING')
        .run(key, account, cents);
      if (isNew === 0) return { booked: false };
      const { changes } = this.#database
        .prepare('UPDATE account SET cents = cents + ? WHERE id = ? AND cents + ? >= 0')
        .run(cents, account, cents);
      if (changes !== 1) throw new NotDone(`'${account}' is no account, or has too little`);
      return { booked: true };
    });
  }

  /** Notes an order of a customer, in a local transaction that commits at once. */
  order(transfer: { readonly transferId: string; readonly cents: number }, transactionId: string): void {
    this.#within(() => {
      this.#database.prepare('INSERT INTO standing VALUES (?, ?)').run(transfer.transferId, transfer.cents);
      recordCommit(sqlite(this.#database), transactionId);
    });
  }

  /** The orders that were taken. */
  orders(): string[] {
    const rows = this.#database.prepare('SELECT transfer FROM standing ORDER BY transfer').all();
    return rows.map(({ transfer }) => String(transfer));
  }

  /** What became of the transaction of an order; one that has not committed can commit no more after this. */
  decide(transactionId: string): Promise<TransactionOutcome> {
    return decideTransaction(sqlite(this.#database), transactionId);
  }

  close(): void {
    this.#database.close();
  }

  #within<Result>(work: () => Result): Result {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }
}

const banks = new Map<string, Bank>();

/** The bank in a file, opened when it is first asked: nothing is read when a function is loaded. */
export function bankIn(file: string): Bank {
  const bank = banks.get(file) ?? new Bank(file);
  banks.set(file, bank);
  return bank;
}
