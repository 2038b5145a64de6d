export { type PollerClock, realClock } from './clock.ts';
export { InvalidMapping, SourcesBusy, TaskTimedOut } from './errors.ts';
export { type LambdaFunctionOptions, type LambdaHandler, lambdaFunction } from './lambda-function.ts';
export type {
  EventPattern,
  EventSourceMapping,
  FailureDestination,
  Invoke,
  QueueMapping,
  StartingPosition,
  StreamMapping,
  TableMapping,
} from './mapping.ts';
export { EventSourcePoller, type IdleOptions } from './poller.ts';
export type { PollerClients, PollerOptions } from './poller-options.ts';
export { type TableStreams, tableStreamsOf } from './table-streams.ts';
export type { Invocation, Observer, Trouble } from './trouble.ts';
