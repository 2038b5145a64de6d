export { CertificationFailed, type CertifyOptions, certify, PLAN_VARIABLE } from '../testing/certify.ts';
export type { DeadLetter, Delivery, DeliveryOutcome, PublishedMessage, RowWrite } from '../testing/delivery.ts';
export { TestMisused, UnsupportedByEngine } from '../testing/errors.ts';
export {
  type EventPattern,
  type EventSourceMapping,
  EventSourcePoller,
  type FailureDestination,
  InvalidMapping,
  type Invocation,
  type Invoke,
  type LambdaFunctionOptions,
  type LambdaHandler,
  lambdaFunction,
  type Observer,
  type PollerClients,
  type PollerClock,
  type PollerOptions,
  type QueueMapping,
  SourcesBusy,
  type StartingPosition,
  type StreamMapping,
  type TableMapping,
  type TableStreams,
  TaskTimedOut,
  type Trouble,
  tableStreamsOf,
} from '../testing/event-sources/index.ts';
export {
  describeLeftOut,
  type HostEndpoints,
  type HostedRequest,
  type HostedStacks,
  type HostOptions,
  type HostWire,
  hostStacks,
  type LeftOut,
  ResourceRefused,
  RoutesNotRegistered,
  type Template,
  TemplateNotUnderstood,
  type TemplateResource,
} from '../testing/hosted-stack/index.ts';
export type { ConsumerHandler } from '../testing/invocation.ts';
export type { Certificate } from '../testing/simulator/certificate.ts';
export { SimulatorMisused } from '../testing/simulator/errors.ts';
export type { Fault, FaultKind, PlannedFault } from '../testing/simulator/fault.ts';
export type { Plan, PlannedStep } from '../testing/simulator/plan.ts';
export type { FailedPlan } from '../testing/simulator/plan-runner.ts';
export type { EndedMessage, RunState } from '../testing/simulator/run-state.ts';
export {
  bySending,
  type DescribedStep,
  type InitialRows,
  publishing,
  type Sender,
  type System,
  startingWith,
  type Way,
  type WorkloadStep,
  withTrait,
} from '../testing/simulator/system.ts';
export type { Invariant, Violation } from '../testing/simulator/violation.ts';
export { type DeliverOptions, type TestLedger, type TestLedgerOptions, testLedger } from '../testing/test-ledger.ts';
