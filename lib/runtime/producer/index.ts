export type { HalfMessage, HalfOptions, PrepareOptions } from './half.ts';
export { producer } from './producer.ts';
export type { Receipt, SendBatchOptions, SendEntry, SendOptions } from './send.ts';
