export type { DeadLetter, Delivery, DeliveryOutcome, PublishedMessage, RowWrite } from './delivery.ts';
export { TestMisused, UnsupportedByEngine } from './errors.ts';
export type { ConsumerHandler } from './invocation.ts';
export { type DeliverOptions, type TestLedger, type TestLedgerOptions, testLedger } from './test-ledger.ts';
