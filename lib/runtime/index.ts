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
export { type ProducerTransaction, type PublishOptions, publish, transact } from './publish.ts';
export type { Change, Conditional, Transaction } from './transaction.ts';
export type { Usage } from './usage.ts';
