export {
  type Execute,
  type ExecuteNow,
  type PostgresClient,
  postgres,
  type SqliteDatabase,
  type SqlRow,
  sqlite,
} from './execute.ts';
export { decideTransaction, recordCommit, TRANSACTION_TABLE } from './local-transaction.ts';
