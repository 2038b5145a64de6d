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
} from '../aws/condition.ts';
export { type ConnectLedgerOptions, connectLedger } from '../aws/connect-ledger.ts';
export {
  createEnvironment,
  ENVIRONMENT,
  type Environment,
  type Log,
  type MetricSink,
  type Sender,
} from '../aws/environment.ts';
export type { Interrupting } from '../aws/interruption.ts';
export type { Usage } from '../aws/usage.ts';
export { type Cancellation, type CancelOptions, cancel } from '../cancel/cancel.ts';
export type { EndOrBegun } from '../cancel/cancel-message.ts';
export { type Rescheduling, reschedule } from '../cancel/reschedule.ts';
export {
  type ConsumeOptions,
  consume,
  type Handler,
  type HandlerContext,
  type HandlerOrHandlers,
  type Handlers,
} from '../consume/consume.ts';
export type { Consumer, ConsumerMiddleware, ConsumerRequest, ForeignMiddleware } from '../consume/consumer.ts';
export type { Message, MessageEffects } from '../consume/invocation.ts';
export {
  AttemptsExhausted,
  EffectCancelled,
  EffectInProgress,
  EffectInputChanged,
  EffectUnknown,
  HandlerUnfinished,
  InvalidSignature,
  NotDone,
  OutOfTurn,
  Overtaken,
  ReceivesExhausted,
  SigningKeysUnavailable,
} from '../contract/errors.ts';
export { type Done, done, notDone, unknown, type Verified } from '../effect/answer.ts';
export type { CallEffect, EffectCall, EffectRun, KeyedCall, VerifiedCall } from '../effect/call.ts';
export { type EffectCallOptions, effect, type ProducerEffectCall } from '../effect/effect.ts';
export {
  type CheckBackHandler,
  type CheckBackOptions,
  checkBack,
  type DecideTransaction,
  type TransactionOutcome,
} from '../half/check-back.ts';
export type { HalfMessage, HalfOptions, PrepareOptions } from '../half/half.ts';
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
} from '../half/sql/index.ts';
export { type InOrder, inOrder, type Ordering } from '../order/ordering.ts';
export { producer } from '../public/producer.ts';
export {
  type ProducerTransaction,
  type PublishOptions,
  publish,
  type TransactOptions,
  transact,
} from '../publish/publish.ts';
export type { SendBatchOptions, SendEntry, SendOptions, SendReceipt } from '../publish/send.ts';
export {
  consumeStep,
  type DoneEffects,
  type RunStepHandler,
  type StepContext,
  type StepHandlers,
  type UndoStepHandler,
} from '../saga/consume-step.ts';
export type { Otherwise } from '../transaction/outcome.ts';
export type { Change, Conditional, Transaction } from '../transaction/transaction.ts';
