import { DatabaseSync } from 'node:sqlite';
import { decideTransaction, recordCommit, sqlite, TRANSACTION_TABLE, type TransactionOutcome } from 'waybill/runtime';

/** The account has less money than is to leave it. */
export class InsufficientFunds extends Error {
  readonly code = 'insufficient-funds';
}

/**
 * Accounts in SQLite: a store that knows nothing of DynamoDB. A debit commits together with its transaction id, so that
 * the store itself can say later whether it took place.
 */
export class Accounts {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** The accounts in a file, which is made where there is none. */
  static open(file: string): Accounts {
    const database = new DatabaseSync(file);
    database.exec(TRANSACTION_TABLE);
    database.exec(
      'CREATE TABLE IF NOT EXISTS account (id TEXT PRIMARY KEY, cents INTEGER NOT NULL CHECK (cents >= 0))',
    );
    return new Accounts(database);
  }

  deposit(id: string, cents: number): void {
    this.#database
      .prepare('INSERT INTO account VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET cents = cents + excluded.cents')
      .run(id, cents);
  }

  balance(id: string): number {
    return Number(this.#database.prepare('SELECT cents FROM account WHERE id = ?').get(id)?.cents ?? 0);
  }

  /**
   * Takes money from an account, in a local transaction that commits at once.
   *
   * @throws InsufficientFunds when the account has less
   * @throws HalfMessageDecided when the transaction was refused meanwhile: nothing was taken
   */
  debit(id: string, cents: number, transactionId: string): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const { changes } = this.#database
        .prepare('UPDATE account SET cents = cents - ? WHERE id = ? AND cents >= ?')
        .run(cents, id, cents);
      if (changes !== 1) throw new InsufficientFunds(`Account '${id}' has less than ${cents} cents`);
      recordCommit(sqlite(this.#database), transactionId);
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  /**
   * What became of a debit; one that has not committed can commit no more after this. It is a transaction of its own: a
   * debit on this connection never waits for anything, so it is over.
   */
  decide(transactionId: string): Promise<TransactionOutcome> {
    return decideTransaction(sqlite(this.#database), transactionId);
  }

  close(): void {
    this.#database.close();
  }
}
