import type { Environment } from '../../aws/environment.ts';
import { createController } from '../../circuit/controller.ts';
import { createRecorder } from '../../consume/recorder.ts';
import { BINDINGS } from '../../contract/bindings.ts';
import { type Duration, durationToMilliseconds } from '../../contract/duration.ts';
import type { ScalerInput } from '../../contract/scale.ts';
import { HOUR_MS } from '../../contract/time.ts';
import { HALF_PREFIX, OUTBOX_PREFIX } from '../../ledger/rows/layout.ts';
import { createReconciler } from '../../reconcile/reconciler.ts';
import { workOn } from '../../redrive/redriver.ts';
import { createForwarder } from '../../relay/forwarder.ts';
import { createRelay } from '../../relay/relay.ts';
import { createSweeper } from '../../relay/sweeper.ts';
import { createScaler, WATCH_MS } from '../../scale/scaler.ts';
import { type CloudWatchEngine, type LambdaEngine, tableStreamArn } from '../engines/index.ts';
import type { LambdaHandler, QueueMapping, StreamMapping, TableMapping } from '../lambda/index.ts';
import {
  CHECK_BACK,
  CHECK_BACK_TIMEOUT,
  CONTROLLER,
  CONTROLLER_TIMEOUT,
  FORWARDER,
  FORWARDER_TIMEOUT,
  RECONCILER,
  RECONCILER_TIMEOUT,
  RECORDER_TIMEOUT,
  RELAY,
  SCALER,
  SCALER_TIMEOUT,
  type StackQueues,
  type SubscriberQueues,
  SWEEPER,
} from './queues.ts';

/** An event source of a function, with the settings of its mapping. */
export type FunctionSource =
  | Omit<QueueMapping, 'invoke'>
  | Omit<StreamMapping, 'invoke'>
  | Omit<TableMapping, 'invoke'>;

/** A Lambda function of a stack, as it is deployed. */
export interface StackFunction {
  readonly name: string;
  /** Milliseconds that an invocation may take. */
  readonly timeout: number;
  readonly variables: Environment['variables'];
  /** Makes the handler, as a new process does when it loads the function's code. */
  readonly load: () => LambdaHandler;
  /** The event sources that invoke it with messages, rows or records. */
  readonly sources: readonly FunctionSource[];
  /** Whether a schedule invokes it each minute. */
  readonly everyMinute: boolean;
  /** Milliseconds from one invocation to the next, where a schedule invokes it more often. @default a minute */
  readonly every?: number;
  /** What the schedule tells it. @default nothing */
  readonly input?: object;
}

/** The ledger for which functions are made. */
export interface DeployedLedger {
  /** The name of the ledger's table. */
  readonly name: string;
  readonly bucket: string;
  readonly queues: StackQueues;
  /** The bindings of everything that uses the ledger. */
  readonly variables: Environment['variables'];
}

/** A subscriber's code. */
export interface SubscriberCode {
  readonly name: string;
  readonly variables: Environment['variables'];
  /** @default nobody consumes its messages */
  readonly handler?: LambdaHandler;
  /** The stream that it reads. @default it has only its queue */
  readonly stream?: string;
  readonly timeout: Duration;
}

const MAX_RECORD_AGE_MS = 12 * HOUR_MS;

export interface LedgerFunctionOptions {
  readonly checkBack?: LambdaHandler;
  /** Shards of one run of a reconciler that shares them out. @default one run does all */
  readonly shardsARun?: number | undefined;
  /** Where subscribers have breakers, or scale. */
  readonly lambda?: LambdaEngine | undefined;
  /** Where subscribers scale: what CloudWatch counts of streams. */
  readonly cloudwatch?: CloudWatchEngine | undefined;
  /** What the scaler is told. @default there is none */
  readonly scaler?: ScalerInput | undefined;
}

/** The functions of a ledger: relay, forwarder, reconciler, and what the options ask for. */
export function ledgerFunctions(
  ledger: DeployedLedger,
  { checkBack, shardsARun, lambda, cloudwatch, scaler: told }: LedgerFunctionOptions,
): readonly StackFunction[] {
  const { queues, variables } = ledger;
  const functions: StackFunction[] = [
    {
      ...idle(RELAY, '60s', variables, () => createRelay() as LambdaHandler),
      sources: [relaySource(ledger)],
    },
    {
      ...idle(FORWARDER, FORWARDER_TIMEOUT, variables, () => createForwarder({ redrive: workOn }) as LambdaHandler),
      sources: [queueSource(queues.forward.url)],
    },
    {
      ...idle(
        RECONCILER,
        RECONCILER_TIMEOUT,
        shardsARun === undefined ? variables : { ...variables, [BINDINGS.reconcileQueueUrl]: queues.reconcile.url },
        () => createReconciler({ putMetrics: async () => undefined, shardsARun }) as LambdaHandler,
      ),
      everyMinute: true,
      sources: shardsARun === undefined ? [] : [queueSource(queues.reconcile.url)],
    },
    { ...idle(SWEEPER, '1m', variables, () => createSweeper() as LambdaHandler), everyMinute: true },
  ];
  if (lambda) {
    const client = lambda.client();
    const bound = { ...variables, [BINDINGS.controlQueueUrl]: queues.control.url };
    const load = () => createController({ lambda: () => client }) as LambdaHandler;
    const sources = [{ ...queueSource(queues.control.url), batchSize: 1 } as FunctionSource];
    functions.push({ ...idle(CONTROLLER, CONTROLLER_TIMEOUT, bound, load), sources });
    if (told && cloudwatch) {
      const metrics = async () => cloudwatch.client();
      const loadScaler = () => createScaler({ lambda: () => client, cloudwatch: metrics }) as LambdaHandler;
      const scaler = idle(SCALER, SCALER_TIMEOUT, bound, loadScaler);
      // An invocation that watches would last for a minute of virtual time, in which nobody else does anything.
      const watches = told.watch && { every: WATCH_MS, input: { ...told, lasts: 0 } };
      functions.push({ ...scaler, everyMinute: true, input: told, ...watches });
    }
  }
  if (checkBack) {
    const sources = [queueSource(queues.checkBack.url)];
    functions.push({ ...idle(CHECK_BACK, CHECK_BACK_TIMEOUT, variables, () => checkBack), sources });
  }
  return functions;
}

/** The functions of a subscriber: what consumes its messages, and the recorder of those that it never ends. */
export function subscriberFunctions(
  { bucket }: DeployedLedger,
  { queue, backstop }: SubscriberQueues,
  { name, variables, handler, stream, timeout }: SubscriberCode,
): readonly StackFunction[] {
  const consumer = handler && {
    ...idle(name, timeout, variables, () => handler),
    sources: [queueSource(queue.url), ...(stream === undefined ? [] : [streamSource(stream, bucket)])],
  };
  return [
    ...(consumer ? [consumer] : []),
    {
      ...idle(`${name}-recorder`, RECORDER_TIMEOUT, variables, () => createRecorder() as LambdaHandler),
      sources: [queueSource(backstop.url)],
    },
  ];
}

/** A function that nothing invokes. */
function idle(
  name: string,
  timeout: Duration,
  variables: Environment['variables'],
  load: StackFunction['load'],
): StackFunction {
  return { name, timeout: durationToMilliseconds(timeout), variables, load, sources: [], everyMinute: false };
}

function queueSource(queueUrl: string): FunctionSource {
  return { kind: 'queue', queueUrl, batchSize: 10, reportBatchItemFailures: true };
}

function streamSource(streamName: string, bucket: string): FunctionSource {
  return {
    kind: 'stream',
    streamName,
    batchSize: 100,
    bisectBatchOnError: true,
    retryAttempts: 10,
    maxRecordAge: MAX_RECORD_AGE_MS,
    onFailure: { kind: 'bucket', bucket },
    reportBatchItemFailures: true,
  };
}

function relaySource({ name, bucket }: DeployedLedger): FunctionSource {
  const pk = { S: [{ prefix: OUTBOX_PREFIX }, { prefix: HALF_PREFIX }] };
  return {
    kind: 'table',
    streamArn: tableStreamArn(name),
    batchSize: 500,
    bisectBatchOnError: true,
    retryAttempts: 100,
    maxRecordAge: MAX_RECORD_AGE_MS,
    onFailure: { kind: 'bucket', bucket },
    filters: [{ eventName: ['INSERT'], dynamodb: { Keys: { pk } } }],
  };
}

/** The id of a function's nth event source mapping. */
export function sourceId(functionName: string, index: number): string {
  return `${functionName}-source-${index}`;
}
