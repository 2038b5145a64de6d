import { waiterName } from '../contract/saga-settings.ts';
import type { SagaDefinition, SagaStep, SagaWait } from '../contract/saga-shape.ts';
import { commandType } from '../contract/step.ts';
import { DAY_MS } from '../contract/time.ts';
import { stuckPartition } from '../ledger/rows/saga.ts';
import { FAILURE_VARIABLE, jsonata, SAGA_EXECUTION } from './expression.ts';
import { AND_WAIT, type MachineMessage, messageItem, PUT_ITEM, text, withNewMessage } from './message-item.ts';

/** A definition in Amazon States Language: the part of it that sagas compile to. */
export interface StateMachine {
  readonly Comment?: string;
  readonly QueryLanguage: 'JSONata';
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
}

/** A state. Texts `{% … %}` are JSONata. */
export interface State {
  readonly Type: 'Task' | 'Pass' | 'Parallel' | 'Choice' | 'Wait' | 'Succeed' | 'Fail';
  readonly Resource?: string;
  readonly Arguments?: unknown;
  readonly TimeoutSeconds?: number;
  readonly Retry?: readonly Retrier[];
  readonly Catch?: readonly Catcher[];
  readonly Assign?: Readonly<Record<string, unknown>>;
  readonly Output?: unknown;
  readonly Branches?: readonly Pick<StateMachine, 'StartAt' | 'States'>[];
  readonly Choices?: readonly { readonly Condition: string; readonly Next: string }[];
  readonly Default?: string;
  readonly Seconds?: number;
  readonly Error?: string;
  readonly Cause?: string;
  readonly Next?: string;
  readonly End?: boolean;
}

export interface Retrier {
  readonly ErrorEquals: readonly string[];
  readonly IntervalSeconds: number;
  readonly MaxAttempts: number;
  readonly BackoffRate: number;
  readonly MaxDelaySeconds: number;
  readonly JitterStrategy: 'FULL';
}

export interface Catcher {
  readonly ErrorEquals: readonly string[];
  readonly Assign?: Readonly<Record<string, unknown>>;
  readonly Output?: unknown;
  readonly Next: string;
}

/** The step of a saga that a state is of. */
export interface StatePlace {
  readonly definition: SagaDefinition;
  readonly table: string;
  readonly step: SagaStep;
}

/** The code of a step of which nobody knows what it has done outside. */
export const EFFECT_UNKNOWN = 'effect-unknown';
/** What `waybill saga <id> --retry` answers a task with. */
export const RETRY_STUCK = 'retry';

/** A task times out this long after its message has expired, so that the message has ended by then. */
const AFTER_EXPIRY_SECONDS = 30;
/** How long an undo may take, all attempts of its message included. */
const UNDO_WITHIN_MS = 3_600_000;
/** An execution of Step Functions lasts a year at most. */
const YEAR_SECONDS = 31_536_000;

/** DynamoDB was busy, or did not answer: nothing has run by this task. */
function whereUnsent(MaxAttempts: number): Retrier {
  return {
    ErrorEquals: UNSENT,
    IntervalSeconds: 1,
    MaxAttempts,
    BackoffRate: 2,
    MaxDelaySeconds: 60,
    JitterStrategy: 'FULL',
  };
}

/**
 * Of DynamoDB alone: whatever a step answers has another name.
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
 */
const UNSENT = [
  'DynamoDb.ProvisionedThroughputExceededException',
  'DynamoDb.RequestLimitExceededException',
  'DynamoDb.ThrottlingException',
  'DynamoDb.InternalServerErrorException',
  'DynamoDb.TransactionConflictException',
  'DynamoDb.SdkClientException',
  'DynamoDb.DynamoDbException',
];

/** A task that tells a step to run. What expired before it ended is told once more: the step knows whether it has run. */
export function runState(place: StatePlace, input: string): State {
  const { within, name } = place.step;
  const data = `{"execution": ${SAGA_EXECUTION}, "step": ${text(name)}, "input": ${input}}`;
  const again: Retrier = {
    ErrorEquals: ['States.Timeout'],
    IntervalSeconds: 1,
    MaxAttempts: 1,
    BackoffRate: 1,
    MaxDelaySeconds: 1,
    JitterStrategy: 'FULL',
  };
  return { ...commandState(place, 'run', within, data), Retry: [whereUnsent(20), again] };
}

/** A task that tells a step to undo what it has done. It knows neither input nor output: those lie in the ledger. */
export function undoState(place: StatePlace): State {
  const { tries, longestSeconds } = place.definition.saga.unwind;
  const data = `{"execution": ${SAGA_EXECUTION}, "step": ${text(place.step.name)}}`;
  const again: Retrier = {
    ErrorEquals: ['States.ALL'],
    IntervalSeconds: Math.min(10, longestSeconds),
    MaxAttempts: tries,
    BackoffRate: 2,
    MaxDelaySeconds: longestSeconds,
    JitterStrategy: 'FULL',
  };
  const isUnknown = { ...again, ErrorEquals: [EFFECT_UNKNOWN], MaxAttempts: 0 };
  return { ...commandState(place, 'undo', UNDO_WITHIN_MS, data), Assign: {}, Output: {}, Retry: [isUnknown, again] };
}

function commandState(place: StatePlace, kind: 'run' | 'undo', lifetime: number, data: string): State {
  const { definition, table, step } = place;
  const { version, consumes } = step.step;
  const task = commandTask({
    type: commandType(step.step.name, kind),
    version,
    businessLine: consumes[0]?.businessLine ?? definition.businessLine,
    lifetime,
    data,
    table,
    saga: definition.saga.name,
    answers: true,
  });
  return { ...task, TimeoutSeconds: Math.ceil(lifetime / 1000) + AFTER_EXPIRY_SECONDS };
}

/** A task that commits a message, and waits until its token is answered. */
function commandTask(message: MachineMessage): State {
  const Arguments = { TableName: message.table, Item: jsonata(withNewMessage(messageItem(message))) };
  return { Type: 'Task', Resource: `${PUT_ITEM}${AND_WAIT}`, Arguments };
}

/** No command lives for longer, as no message does whose event does not say so. */
const LONGEST_COMMAND_MS = 14 * DAY_MS;

/** A task that waits for an event: the saga's waiter is told whose. */
export function waitState(
  { definition, table, wait }: { readonly definition: SagaDefinition; readonly table: string; readonly wait: SagaWait },
  value: string,
): State {
  const { saga, businessLine } = definition;
  const data = `{"execution": ${SAGA_EXECUTION}, "step": ${text(wait.name)}, "input": ${value}}`;
  const task = commandTask({
    type: commandType(waiterName(saga.name), 'run'),
    version: 1,
    businessLine,
    lifetime: Math.min(wait.within, LONGEST_COMMAND_MS),
    kept: wait.within,
    data,
    table,
    saga: saga.name,
    answers: true,
  });
  return { ...task, TimeoutSeconds: Math.ceil(wait.within / 1000), Retry: [whereUnsent(20)] };
}

/**
 * A task that waits for somebody: a row says what is stuck, and has its token.
 *
 * @param next where it goes on when somebody says to retry, or to skip
 */
export function stuckState(
  { definition, table, step }: StatePlace,
  kind: 'run' | 'undo',
  next: { readonly retry: string; readonly skip: string },
): State {
  const { saga } = definition;
  const failure = kind === 'run' ? `$${FAILURE_VARIABLE}` : '$sagaStuck';
  const columns = {
    pk: text(stuckPartition(saga.name)),
    sk: `${SAGA_EXECUTION} & ${text(`#${step.name}#${kind}`)}`,
    step: text(step.name),
    subscriber: text(step.step.name),
    kind: text(kind),
    token: '$states.context.Task.Token',
    code: `${failure}.code`,
    reason: `${failure}.reason`,
  };
  const texts = Object.entries(columns).map(([name, value]) => `"${name}": {"S": ${value}}`);
  const item = `{${[...texts, '"since": {"N": $string($millis())}'].join(', ')}}`;
  return {
    Type: 'Task',
    Resource: `${PUT_ITEM}${AND_WAIT}`,
    Arguments: { TableName: table, Item: jsonata(item) },
    TimeoutSeconds: YEAR_SECONDS,
    Retry: [whereUnsent(1_000)],
    Catch: [{ ErrorEquals: [RETRY_STUCK], Output: {}, Next: next.retry }],
    Output: {},
    Next: next.skip,
  };
}
