/** A row that a statement returned, by its columns. */
export type SqlRow = Readonly<Record<string, unknown>>;

/** Runs one SQL statement with `$1`, `$2` … for its parameters, and returns its rows at once. */
export type ExecuteNow = (sql: string, parameters: readonly string[]) => readonly SqlRow[];

/** Runs one SQL statement with `$1`, `$2` … for its parameters, and returns its rows. */
export type Execute = (sql: string, parameters: readonly string[]) => Promise<readonly SqlRow[]> | readonly SqlRow[];

/** What is needed of a SQLite database: `DatabaseSync` of node:sqlite and `Database` of better-sqlite3 have it. */
export interface SqliteDatabase {
  prepare(sql: string): { all(...parameters: string[]): unknown[] };
}

/** What is needed of PostgreSQL: `Client`, `Pool` and `PoolClient` of pg have it. */
export interface PostgresClient {
  query(sql: string, parameters: string[]): Promise<{ readonly rows: readonly SqlRow[] }>;
}

/** Runs statements on a SQLite database (3.35 or later). @example recordCommit(sqlite(database), transactionId) */
export function sqlite(database: SqliteDatabase): ExecuteNow {
  // Each statement names its parameters once and in order, so their numbers can go.
  return (sql, parameters) => database.prepare(sql.replaceAll(/\$\d/g, '?')).all(...parameters) as SqlRow[];
}

/** Runs statements on a connection to PostgreSQL. @example await recordCommit(postgres(client), transactionId) */
export function postgres(client: PostgresClient): (...statement: Parameters<Execute>) => Promise<readonly SqlRow[]> {
  return async (sql, parameters) => (await client.query(sql, [...parameters])).rows;
}
