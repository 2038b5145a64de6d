export { BINDINGS, tableBinding } from './bindings.ts';
export { type Delay, deliveryTime } from './delay.ts';
export { type Duration, durationToMilliseconds } from './duration.ts';
export {
  createEnvelope,
  decodeEnvelope,
  type Envelope,
  type EnvelopeContext,
  encodeEnvelope,
  readPayload,
} from './envelope.ts';
export {
  AttemptsExhausted,
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
  ReadFailed,
  ReceivesExhausted,
  Rejected,
  SendFailed,
  TransactionMisused,
  TransactionRefused,
  UnknownEventType,
  UnknownMessage,
  WaybillError,
} from './errors.ts';
export {
  defineEvent,
  type EventDefinition,
  type EventInput,
  type EventOptions,
  type EventOutput,
  type EventUpgrade,
} from './event.ts';
export {
  DUE_PREFIX,
  dueKey,
  duePartition,
  EVENT_TYPES,
  eventTypeKey,
  FAILURE_PREFIX,
  failureKey,
  HALF_PREFIX,
  halfKey,
  halfPartition,
  INBOX_PREFIX,
  inboxKey,
  inboxPartition,
  type LedgerKey,
  minuteOf,
  OUTBOX_PREFIX,
  onceKey,
  openKey,
  openPartition,
  outboxKey,
  outboxPartition,
  radarKey,
  radarPartition,
  readDueKey,
  receiptKey,
  receiptPartition,
  reconcileKey,
  routeKey,
  routePartition,
  sweepKey,
} from './ledger-keys.ts';
export {
  type DueRow,
  type EndState,
  type FailureRow,
  type HalfRow,
  type Hops,
  INBOX_AFTERLIFE,
  type InboxRow,
  type OnceRow,
  type OutboxRow,
  type ReceiptRow,
} from './ledger-rows.ts';
export { LIMITS } from './limits.ts';
export {
  isMessageId,
  keyShard,
  log2OfShards,
  type MintOptions,
  messageIdRange,
  messageShard,
  messageTime,
  mintMessageId,
} from './message-id.ts';
export { METRICS } from './metrics.ts';
export { type Destination, expected, ownQueueUrl, type Route } from './routes.ts';
export { validate } from './schema.ts';
export { defineSubscriber, type SubscriberDefinition, type SubscriberOptions } from './subscriber.ts';
export {
  type AnyTable,
  defineTable,
  type KeyableColumn,
  type NumericColumn,
  type TableDefinition,
  type TableItem,
  type TableKey,
  type TableOptions,
} from './table.ts';
