export type { Certificate } from '../simulator/certificate.ts';
export { CertificationFailed, type CertifyOptions, certify, PLAN_VARIABLE } from '../simulator/certify.ts';
export type { Invariant, Violation } from '../simulator/checks/violation.ts';
export { SimulatorMisused } from '../simulator/errors.ts';
export type { Fault, FaultKind, PlannedFault } from '../simulator/faults/fault.ts';
export type { Operation, OperationKind, PlannedOperation } from '../simulator/operations/operation.ts';
export type { Plan, PlannedStep } from '../simulator/plan/plan.ts';
export type { FailedPlan } from '../simulator/plan/plan-runner.ts';
export type { EndedMessage, RunState } from '../simulator/run/run-state.ts';
export {
  bySending,
  type DescribedStep,
  type InitialRows,
  publishing,
  type RunStep,
  type SendingMode,
  type System,
  startingWith,
  type WorkloadStep,
  withTrait,
} from '../simulator/system.ts';
export type { DeadLetter, Delivery, DeliveryOutcome, PublishedMessage, RowWrite } from '../testing/delivery.ts';
export type { ExecutionView, StepFunctionsEngine } from '../testing/engines/index.ts';
export { TestMisused, UnsupportedByEngine } from '../testing/errors.ts';
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
} from '../testing/hosted/index.ts';
export type { ConsumerHandler } from '../testing/invocation.ts';
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
} from '../testing/lambda/index.ts';
export { type ServiceEntry, TestService, type TestServiceOptions } from '../testing/service.ts';
export type { FunctionSource, StackFunction } from '../testing/stack/function.ts';
export { MemoryStack, type StackEnvironmentOptions } from '../testing/stack/memory-stack.ts';
export type { MemoryStackOptions, StackRequest, StackWire } from '../testing/stack/options.ts';
export type { StackClock } from '../testing/stack/run.ts';
export { type DeliverOptions, type TestLedger, type TestLedgerOptions, testLedger } from '../testing/test-ledger.ts';
export { VirtualClock, type VirtualClockOptions } from '../testing/virtual-clock.ts';
