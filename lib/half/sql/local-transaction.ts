import { HalfMessageDecided } from '../../contract/errors.ts';
import type { TransactionOutcome } from '../check-back.ts';
import type { Execute, ExecuteNow } from './execute.ts';

/**
 * The table by which an SQL store decides local transactions, to be made once: for each transaction id, that it has
 * `committed`, or that it was `refused` and can commit no more. Its key lets only one of the two be written. A row may go
 * when nobody can use its transaction id any more; 14 days after is early enough.
 */
export const TRANSACTION_TABLE = `CREATE TABLE IF NOT EXISTS waybill_transaction (
  transaction_id TEXT NOT NULL PRIMARY KEY,
  outcome TEXT NOT NULL CHECK (outcome IN ('committed', 'refused'))
)`;

const COMMIT = `INSERT INTO waybill_transaction (transaction_id, outcome) VALUES ($1, 'committed') RETURNING outcome`;
const REFUSE = `INSERT INTO waybill_transaction (transaction_id, outcome) VALUES ($1, 'refused')
  ON CONFLICT (transaction_id) DO NOTHING RETURNING outcome`;
const READ = 'SELECT outcome FROM waybill_transaction WHERE transaction_id = $1';

/**
 * Writes inside a local transaction, on its connection, that it commits: the row is there when the transaction has
 * committed, and only then. It throws when the transaction was refused before: roll it back.
 *
 * @throws HalfMessageDecided when the transaction id is taken: refused by a check-back, or used before
 * @throws whatever the database throws
 * @example
 * database.exec('BEGIN IMMEDIATE');
 * database.prepare('UPDATE account SET balance = balance - ? WHERE id = ?').run(amount, from);
 * recordCommit(sqlite(database), transactionId);
 * database.exec('COMMIT');
 */
export function recordCommit(execute: ExecuteNow, transactionId: string): void;
export function recordCommit(execute: Execute, transactionId: string): Promise<void>;
export function recordCommit(execute: Execute, transactionId: string): Promise<void> | undefined {
  const refuse = (error: unknown): never => {
    if (!isUniqueViolation(error)) throw error;
    throw new HalfMessageDecided('The transaction id is taken: it was refused, or used before. Roll back', {
      cause: error,
    });
  };
  try {
    const inserted = execute(COMMIT, [transactionId]);
    return inserted instanceof Promise ? inserted.then(() => undefined, refuse) : undefined;
  } catch (error) {
    return refuse(error);
  }
}

/**
 * Finds out what became of a local transaction, and makes sure that it stays so: unless it has committed, its refusal is
 * inserted under its id, after which it can commit no more. So `rollback` is never a guess. While the transaction is open
 * and has written its row, the database is busy or waits, and the outcome is `unknown`.
 *
 * Run it outside any transaction, on a connection of its own, to the primary and with durable commits. PostgreSQL waits
 * for the open transaction: set a `lock_timeout` on the connection, of 2 s say.
 *
 * @throws whatever the database throws, but for locks: to a `checkBack` that is `unknown` too
 * @example checkBack(MoneySent, (transactionId) => decideTransaction(postgres(pool), transactionId))
 */
export async function decideTransaction(execute: Execute, transactionId: string): Promise<TransactionOutcome> {
  try {
    const refused = await execute(REFUSE, [transactionId]);
    const [row] = refused.length > 0 ? refused : await execute(READ, [transactionId]);
    if (row?.outcome === 'committed') return 'commit';
    return row?.outcome === 'refused' ? 'rollback' : 'unknown';
  } catch (error) {
    if (isLocked(error)) return 'unknown';
    throw error;
  }
}

/** What drivers say of an error: node:sqlite an `errcode`, better-sqlite3 and pg a `code`. */
interface DatabaseError {
  readonly code?: unknown;
  readonly errcode?: unknown;
}

/**
 * @see https://www.sqlite.org/rescode.html
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const UNIQUE_VIOLATION = new Set<unknown>([
  1555,
  2067,
  'SQLITE_CONSTRAINT_PRIMARYKEY',
  'SQLITE_CONSTRAINT_UNIQUE',
  '23505',
]);

/** lock_not_available, query_canceled (a timeout), serialization_failure, deadlock_detected */
const LOCKED = new Set<unknown>(['55P03', '57014', '40001', '40P01']);
const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;

function isUniqueViolation(error: unknown): boolean {
  const { code, errcode } = (error ?? {}) as DatabaseError;
  return UNIQUE_VIOLATION.has(code) || UNIQUE_VIOLATION.has(errcode);
}

function isLocked(error: unknown): boolean {
  const { code, errcode } = (error ?? {}) as DatabaseError;
  // The low byte of an extended result code is the plain one.
  const plain = typeof errcode === 'number' ? errcode & 0xff : undefined;
  return (
    plain === SQLITE_BUSY ||
    plain === SQLITE_LOCKED ||
    LOCKED.has(code) ||
    (typeof code === 'string' && /^SQLITE_(?:BUSY|LOCKED)/.test(code))
  );
}
