export type { HalfMessage, HalfOptions, PrepareOptions } from './half.ts';
export { producer } from './producer.ts';
export type { SendBatchOptions, SendEntry, SendOptions, SendReceipt } from './send.ts';
