export { type Cancellation, type CancelOptions, cancel } from './cancel.ts';
export {
  type CheckBackHandler,
  type CheckBackOptions,
  checkBack,
  type DecideTransaction,
  type TransactionOutcome,
} from './check-back.ts';
export {
  absent,
  atLeast,
  atMost,
  Comparison,
  lessThan,
  moreThan,
  not,
  oneOf,
  present,
  type When,
} from './condition.ts';
export {
  type ConsumeOptions,
  type Consumer,
  consume,
  type Handler,
  type HandlerContext,
  type HandlerOrHandlers,
  type Handlers,
} from './consume.ts';
export {
  createEnvironment,
  ENVIRONMENT,
  type Environment,
  type Log,
  type MetricSink,
  type Sender,
} from './environment.ts';
export type { Message } from './message.ts';
export type { Otherwise } from './outcome.ts';
export {
  type HalfMessage,
  type HalfOptions,
  type PrepareOptions,
  producer,
  type SendBatchOptions,
  type SendEntry,
  type SendOptions,
  type SendReceipt,
} from './producer/index.ts';
export { type ProducerTransaction, type PublishOptions, publish, type TransactOptions, transact } from './publish.ts';
export type { Hop } from './reconcile/inspection.ts';
export { type ReconcileOptions, reconcile } from './reconcile/reconcile.ts';
export { MessageNotDue, resend } from './reconcile/resend.ts';
export type { LineCounts, Missing, Reconciliation, Uncaused } from './reconcile/tally.ts';
export { type Rescheduling, reschedule } from './reschedule.ts';
export {
  decideTransaction,
  type Execute,
  type ExecuteNow,
  type PostgresClient,
  postgres,
  recordCommit,
  type SqliteDatabase,
  type SqlRow,
  sqlite,
  TRANSACTION_TABLE,
} from './sql/index.ts';
export { type TracedDelivery, type TracedMessage, trace, traceKey } from './trace/trace.ts';
export { type TracedHalf, traceHalf } from './trace/trace-half.ts';
export type { Change, Conditional, Transaction } from './transaction.ts';
export type { Usage } from './usage.ts';
