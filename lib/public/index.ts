export { BINDINGS, tableBinding } from '../contract/bindings.ts';
export type { Delay, DelayOf } from '../contract/delay.ts';
export type { Duration } from '../contract/duration.ts';
export {
  defineEffect,
  type EffectAnswer,
  type EffectDefinition,
  type EffectInput,
  type EffectOptions,
  type EffectRequest,
  type EffectResult,
} from '../contract/effect.ts';
export {
  CommitUndecided,
  ConditionFailed,
  HalfMessageDecided,
  InvalidDefinition,
  InvalidPayload,
  LimitExceeded,
  MalformedMessage,
  MessageExpired,
  MissingBinding,
  NewerEventVersion,
  NotRegistered,
  ReadFailed,
  Rejected,
  SendFailed,
  TransactionMisused,
  TransactionRefused,
  UnknownEventType,
  UnknownMessage,
  WaybillError,
} from '../contract/errors.ts';
export {
  defineEvent,
  type EventDefinition,
  type EventInput,
  type EventOptions,
  type EventOutput,
  type EventUpgrade,
} from '../contract/event.ts';
export { METRICS } from '../contract/metrics.ts';
export { RetryLater, type RetryOptions, type RetryPolicy } from '../contract/retry.ts';
export { defineSaga } from '../contract/saga.ts';
export type {
  Branches,
  SagaBuilder,
  SagaEnding,
  SagaOptions,
  SagaStepOptions,
  UnwindOptions,
  WaitOptions,
} from '../contract/saga-builder.ts';
export type { SagaDefinition, SagaFailure, Select } from '../contract/saga-shape.ts';
export { defineSequence, type SequenceDefinition, type Sequenced, type SequenceOptions } from '../contract/sequence.ts';
export {
  defineStep,
  type NoAnswer,
  type StepAnswer,
  type StepDefinition,
  type StepInput,
  type StepOptions,
  type StepRequest,
  type StepResult,
} from '../contract/step.ts';
export {
  defineSubscriber,
  type OrderPolicy,
  type SubscriberDefinition,
  type SubscriberOptions,
} from '../contract/subscriber.ts';
export {
  type AnyTable,
  type BigIntColumn,
  defineTable,
  type KeyableColumn,
  type NumericColumn,
  type TableDefinition,
  type TableItem,
  type TableKey,
  type TableOptions,
} from '../contract/table.ts';
