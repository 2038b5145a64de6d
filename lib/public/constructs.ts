export type { ChannelProps } from '../constructs/channel/channel.ts';
export type { IChannel } from '../constructs/channel/channel-interface.ts';
export { FifoChannel, type FifoChannelProps } from '../constructs/channel/fifo-channel.ts';
export { QueueChannel, type QueueChannelProps } from '../constructs/channel/queue-channel.ts';
export { StreamChannel, type StreamChannelProps } from '../constructs/channel/stream-channel.ts';
export { FunctionBundleMissing } from '../constructs/framework/function-assets.ts';
export type { ReconcilerOptions } from '../constructs/framework/reconciler.ts';
export { InvalidConstruct } from '../constructs/invalid-construct.ts';
export { Ledger } from '../constructs/ledger/ledger.ts';
export type { ILedger } from '../constructs/ledger/ledger-interface.ts';
export type { DelayedDelivery, LedgerAttributes, LedgerProps } from '../constructs/ledger/ledger-props.ts';
export { LedgerAlarms, type LedgerAlarmsProps } from '../constructs/observe/ledger-alarms.ts';
export { LedgerDashboard, type LedgerDashboardProps } from '../constructs/observe/ledger-dashboard.ts';
export { LedgerWatcher, type LedgerWatcherProps } from '../constructs/observe/ledger-watcher.ts';
export type { TableAction, TableBindings } from '../constructs/producer/business-tables.ts';
export { CheckBack, type CheckBackProps } from '../constructs/producer/check-back.ts';
export type {
  EffectGrantOptions,
  ICheckBack,
  PrepareGrantOptions,
  ProducerGrantOptions,
  PublishGrantOptions,
  SendGrantOptions,
} from '../constructs/producer/grant-options.ts';
export { ProducerFunction, type ProducerFunctionProps } from '../constructs/producer/producer-function.ts';
export { Saga, type SagaProps, type SagaStepDeployment } from '../constructs/saga/saga.ts';
export type { BreakerOptions } from '../constructs/subscriber/breaker.ts';
export { ConsumerFunction, type ConsumerFunctionProps } from '../constructs/subscriber/consumer-function.ts';
export type { ScaleOptions } from '../constructs/subscriber/scale.ts';
export { Subscriber } from '../constructs/subscriber/subscriber.ts';
export type { AddSubscriberOptions, SubscriberProps } from '../constructs/subscriber/subscriber-props.ts';
