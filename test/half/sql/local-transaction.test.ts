import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decideTransaction, postgres, recordCommit, sqlite, TRANSACTION_TABLE } from '../../../lib/half/sql/index.ts';

const DECIDED = expect.objectContaining({ code: 'half-message-decided' });

describe('in SQLite', () => {
  let folder: string;
  let open: DatabaseSync[];
  const connect = () => {
    const database = new DatabaseSync(join(folder, 'store.db'));
    open.push(database);
    return database;
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'waybill-sql-'));
    open = [];
    const database = connect();
    database.exec(TRANSACTION_TABLE);
    database.exec('CREATE TABLE account (balance INTEGER)');
    database.exec('INSERT INTO account VALUES (100)');
  });
  afterEach(() => {
    for (const database of open) database.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const debit = (database: DatabaseSync, transactionId: string) => {
    database.exec('BEGIN IMMEDIATE');
    database.exec('UPDATE account SET balance = balance - 10');
    recordCommit(sqlite(database), transactionId);
  };
  const balance = () => connect().prepare('SELECT balance FROM account').get()?.balance;
  const rows = () => connect().prepare('SELECT * FROM waybill_transaction').all();

  test('a transaction that has committed is committed, however often it is asked for', async () => {
    const database = connect();
    debit(database, 't1');
    database.exec('COMMIT');
    for (let asked = 0; asked < 2; asked++) expect(await decideTransaction(sqlite(connect()), 't1')).toBe('commit');
    expect(rows()).toEqual([{ transaction_id: 't1', outcome: 'committed' }]);
  });

  test('a transaction that never began is refused, and can commit no more', async () => {
    for (let asked = 0; asked < 2; asked++) expect(await decideTransaction(sqlite(connect()), 't1')).toBe('rollback');
    const database = connect();
    expect(() => debit(database, 't1')).toThrow(DECIDED);
    database.exec('ROLLBACK');
    expect([balance(), rows()]).toEqual([100, [{ transaction_id: 't1', outcome: 'refused' }]]);
  });

  test('a transaction that is still open is unknown, and its outcome is its own', async () => {
    const database = connect();
    debit(database, 't1');
    expect(await decideTransaction(sqlite(connect()), 't1')).toBe('unknown');
    database.exec('COMMIT');
    expect([await decideTransaction(sqlite(connect()), 't1'), balance()]).toEqual(['commit', 90]);
  });

  test('a transaction that was rolled back is refused', async () => {
    const database = connect();
    debit(database, 't1');
    database.exec('ROLLBACK');
    expect([await decideTransaction(sqlite(connect()), 't1'), balance()]).toEqual(['rollback', 100]);
  });

  test('a transaction whose connection is lost is refused', async () => {
    const database = connect();
    debit(database, 't1');
    database.close();
    open = open.filter((one) => one !== database);
    expect([await decideTransaction(sqlite(connect()), 't1'), balance()]).toEqual(['rollback', 100]);
  });

  test('a transaction that began before its refusal, and wrote nothing yet, cannot commit after it', async () => {
    const database = connect();
    database.exec('PRAGMA journal_mode = WAL');
    database.exec('BEGIN');
    database.prepare('SELECT balance FROM account').get();
    expect(await decideTransaction(sqlite(connect()), 't1')).toBe('rollback');
    expect(() => recordCommit(sqlite(database), 't1')).toThrow('database is locked');
    database.exec('ROLLBACK');
    expect(await decideTransaction(sqlite(connect()), 't1')).toBe('rollback');
  });

  test('a transaction id is used once', () => {
    const database = connect();
    debit(database, 't1');
    database.exec('COMMIT');
    expect(() => debit(database, 't1')).toThrow(DECIDED);
    database.exec('ROLLBACK');
    expect(balance()).toBe(90);
  });

  test('a transaction id may hold anything', async () => {
    for (const id of ["'; DROP TABLE waybill_transaction; --", '$1', '?', '😀', 'x'.repeat(1_024)]) {
      expect(await decideTransaction(sqlite(connect()), id)).toBe('rollback');
    }
    expect(rows()).toHaveLength(5);
  });

  test('what else goes wrong is thrown', async () => {
    const database = connect();
    database.exec('DROP TABLE waybill_transaction');
    await expect(decideTransaction(sqlite(database), 't1')).rejects.toThrow('no such table');
    expect(() => recordCommit(sqlite(database), 't1')).toThrow('no such table');
  });

  test('whatever the order, what was answered is what happened', async () => {
    const step = fc.constantFrom('begin', 'record', 'commit', 'rollback', 'ask');
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), fc.uuid(), async (steps, id) => {
        const [database, other] = [connect(), connect()];
        const answers = new Set<string>();
        const attempt = (run: () => void) => {
          try {
            run();
          } catch {
            if (database.isTransaction) database.exec('ROLLBACK');
          }
        };
        for (const next of steps) {
          if (next === 'begin') attempt(() => database.exec('BEGIN IMMEDIATE'));
          if (next === 'record' && database.isTransaction) attempt(() => recordCommit(sqlite(database), id));
          if (next === 'commit' && database.isTransaction) attempt(() => database.exec('COMMIT'));
          if (next === 'rollback' && database.isTransaction) attempt(() => database.exec('ROLLBACK'));
          if (next === 'ask') answers.add(await decideTransaction(sqlite(other), id));
        }
        if (database.isTransaction) database.exec('ROLLBACK');
        const row = other.prepare('SELECT outcome FROM waybill_transaction WHERE transaction_id = ?').get(id);
        answers.delete('unknown');
        if (answers.size > 0) expect([...answers]).toEqual([row?.outcome === 'committed' ? 'commit' : 'rollback']);
      }),
      { numRuns: 60 },
    );
  });
});

describe('in PostgreSQL', () => {
  /** Answers as pg does. */
  const client = (...answers: readonly (readonly object[] | { readonly code: string })[]) => {
    const left = [...answers];
    const asked: [string, string[]][] = [];
    return {
      asked,
      query: async (sql: string, parameters: string[]) => {
        asked.push([sql, parameters]);
        const answer = left.shift();
        if (!Array.isArray(answer)) throw Object.assign(new Error('said PostgreSQL'), answer);
        return { rows: answer };
      },
    };
  };

  test('parameters are numbered', async () => {
    const database = client([{ outcome: 'committed' }]);
    await recordCommit(postgres(database), 't1');
    expect(database.asked).toEqual([[expect.stringContaining("VALUES ($1, 'committed')"), ['t1']]]);
  });

  test.each([
    ['nothing of it', [[{ outcome: 'refused' }]], 'rollback'],
    ['that it has committed', [[], [{ outcome: 'committed' }]], 'commit'],
    ['that it was refused', [[], [{ outcome: 'refused' }]], 'rollback'],
    ['that its row has gone in this moment', [[], []], 'unknown'],
    ['a lock that is not given', [{ code: '55P03' }], 'unknown'],
    ['a statement that took too long', [{ code: '57014' }], 'unknown'],
    ['a serialization failure', [{ code: '40001' }], 'unknown'],
    ['a deadlock', [{ code: '40P01' }], 'unknown'],
  ] as const)('a store that knows %s', async (_, answers, outcome) => {
    expect(await decideTransaction(postgres(client(...answers)), 't1')).toBe(outcome);
  });

  test('a transaction id that is taken is refused, and what else goes wrong is thrown', async () => {
    await expect(recordCommit(postgres(client({ code: '23505' })), 't1')).rejects.toThrow(DECIDED);
    await expect(recordCommit(postgres(client({ code: '08006' })), 't1')).rejects.toThrow('said PostgreSQL');
    await expect(decideTransaction(postgres(client({ code: '08006' })), 't1')).rejects.toThrow('said PostgreSQL');
  });
});

test('other drivers of SQLite name their errors', async () => {
  const failing = (code: string) => () => {
    throw Object.assign(new Error('said SQLite'), { code });
  };
  expect(await decideTransaction(failing('SQLITE_BUSY_SNAPSHOT'), 't1')).toBe('unknown');
  expect(() => recordCommit(failing('SQLITE_CONSTRAINT_PRIMARYKEY'), 't1')).toThrow(DECIDED);
});
