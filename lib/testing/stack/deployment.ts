import type { Environment } from '../../aws/environment.ts';
import { BINDINGS } from '../../contract/bindings.ts';
import { durationToMilliseconds } from '../../contract/duration.ts';
import { waiterOf } from '../../contract/saga-waiter.ts';
import { LEAST_OF_QUEUE, SCALE_DEFAULTS, type ScaleSettings } from '../../contract/scale.ts';
import type { SubscriberDefinition } from '../../contract/subscriber.ts';
import type { Destination } from '../../ledger/rows/route.ts';
import type { RouteProperties } from '../../relay/route-properties.ts';
import { createStarter, starterOf } from '../../saga/starter.ts';
import { createWaiter } from '../../saga/waiter.ts';
import {
  type AlarmClock,
  CloudWatchEngine,
  LambdaEngine,
  SchedulerEngine,
  StepFunctionsEngine,
  type Table,
  type Wire,
} from '../engines/index.ts';
import { TestMisused } from '../errors.ts';
import type { LambdaHandler } from '../lambda/index.ts';
import type { Engines } from '../test-environment.ts';
import { type DeployedLedger, ledgerFunctions, type StackFunction, sourceId, subscriberFunctions } from './function.ts';
import type { MemoryStackOptions } from './options.ts';
import { FORWARDER, StackQueues } from './queues.ts';
import { writeRoutes } from './routes.ts';
import { deploySaga, keeperFunction } from './sagas.ts';

/** Of a ledger, where nothing else is asked for. */
export const SHARDS = 2;
const LEDGER = 'waybill-ledger';
/** The ARN of the secret that holds the ledger's signing keys. */
export const SIGNING_SECRET = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:waybill-signing';
const STREAM_SHARDS = 2;
const SCHEDULE_GROUP = 'waybill-messages';
const DEFAULT_TIMEOUT = '10s';

export interface DeploymentOptions extends MemoryStackOptions {
  /** Carries the requests of state machines. @default answers at once */
  readonly wireOfStates?: Wire;
  /** Of task tokens and jitter. */
  readonly random?: (bytes: number) => Uint8Array;
  /** Subscribers that have no routes yet: they are deployed later. @default none */
  readonly later?: ReadonlySet<string>;
}

/** A ledger and its subscribers in engines, as `lib/constructs` deploys them: nothing of it runs yet. */
export class Deployment {
  readonly ledger: Table;
  /** The quarantine bucket's name. */
  readonly bucket = 'quarantine';
  readonly queues: StackQueues;
  /** Of messages with schedules of their own, if they have them. */
  readonly scheduler: SchedulerEngine | undefined;
  /** The bindings of whatever uses the ledger. */
  readonly variables: Environment['variables'];
  /** The bindings of subscribers, by name. */
  readonly subscribers = new Map<string, Environment['variables']>();
  /** Switches event sources, where subscribers have breakers or scale. */
  readonly lambda: LambdaEngine | undefined;
  /** Counts what comes to streams, and how late functions are handed it, where subscribers scale. */
  readonly cloudwatch: CloudWatchEngine | undefined;
  /** Runs sagas, where there are any. */
  readonly stepFunctions: StepFunctionsEngine | undefined;
  /** All functions, by name. */
  readonly functions: ReadonlyMap<string, StackFunction>;
  /** What subscribers' routes are registered with, by name. */
  readonly routes = new Map<string, RouteProperties>();
  readonly #options: DeploymentOptions;

  /** @param after runs what schedules are due for */
  constructor(
    engines: Engines,
    now: () => number,
    after: AlarmClock,
    options: DeploymentOptions,
    invoke: (name: string, event: object) => Promise<unknown> = refuseToInvoke,
  ) {
    const { ledger: name = LEDGER, streams = {}, schedules } = options;
    this.#options = options;
    const keys = { partitionKey: { name: 'pk', type: 'S' }, sortKey: { name: 'sk', type: 'S' } } as const;
    this.ledger = engines.dynamodb.createTable({ name, ...keys });
    engines.s3.createBucket(this.bucket);
    if (options.signing) engines.secrets.put(SIGNING_SECRET, JSON.stringify(options.signing.keys));
    for (const stream of Object.keys(streams)) engines.kinesis.createStream({ name: stream, shards: STREAM_SHARDS });
    this.queues = new StackQueues(engines.sqs);
    if (schedules) {
      this.scheduler = new SchedulerEngine({ now, after, targets: { sqs: engines.sqs.client() }, ...schedules });
      this.scheduler.createGroup(SCHEDULE_GROUP);
    }
    const { breakers, scales, watched, sourceLag } = options;
    if (breakers || scales || watched)
      this.lambda = new LambdaEngine({ now, invoke, ...(sourceLag && { lag: sourceLag }) });
    if (scales || watched) this.cloudwatch = countedBy(new CloudWatchEngine({ now }), engines);
    this.variables = this.#bindings();
    const { sagas = [], wireOfStates, random = NO_CHANCE } = options;
    if (sagas.length > 0) {
      const { dynamodb } = engines;
      this.stepFunctions = new StepFunctionsEngine({
        now,
        after,
        random,
        dynamodb,
        ...(wireOfStates && { wire: wireOfStates }),
      });
    }
    this.functions = new Map(this.#functions().map((one) => [one.name, this.#replaced(one)]));
    for (const { name: functionName, sources } of this.functions.values()) {
      sources.forEach((source, index) => {
        const id = sourceId(functionName, index);
        const eventSourceArn =
          source.kind === 'queue' ? engines.sqs.queue(source.queueUrl).arn : `arn:aws:kinesis:::${id}`;
        const scale = scales?.[functionName];
        const isQueue = source.kind === 'queue';
        // Of a subscriber of a stream its stream scales alone.
        const isScaled = scale !== undefined && isQueue === sources.every(({ kind }) => kind === 'queue');
        const concurrency = isScaled ? leastOf(scale, isQueue) : isQueue ? 0 : 1;
        this.lambda?.create({ id, eventSourceArn, functionName, concurrency });
      });
    }
  }

  #bindings(): Environment['variables'] {
    const { forward, checkBack } = this.queues;
    return {
      [BINDINGS.ledger]: this.ledger.name,
      [BINDINGS.shards]: String(this.#options.shards ?? SHARDS),
      [BINDINGS.forwardQueueUrl]: forward.url,
      [BINDINGS.checkBackQueueUrl]: checkBack.url,
      ...(this.#options.signing && { [BINDINGS.signingSecret]: SIGNING_SECRET }),
      ...(this.scheduler && {
        [BINDINGS.scheduleGroup]: SCHEDULE_GROUP,
        [BINDINGS.forwardQueueArn]: forward.arn,
        [BINDINGS.scheduleRoleArn]: 'arn:aws:iam::000000000000:role/schedules',
        [BINDINGS.scheduleDeadLetterQueueArn]: this.queues.all.get(`${FORWARDER}-dead`)?.arn,
      }),
    };
  }

  #functions(): readonly StackFunction[] {
    const { subscribers = [], checkBack, shardsARun, scales, watched, timeout = DEFAULT_TIMEOUT } = this.#options;
    const watch = subscribers.map(({ name }) => name);
    const timeouts = Object.fromEntries(watch.map((name) => [name, durationToMilliseconds(timeout)]));
    const { bucket, queues, variables } = this;
    const ledger: DeployedLedger = { name: this.ledger.name, bucket, queues, variables };
    return [
      ...subscribers.flatMap((definition) => this.#subscribe(ledger, definition)),
      ...this.#sagas(ledger),
      ...ledgerFunctions(ledger, {
        ...(checkBack && { checkBack }),
        shardsARun,
        lambda: this.lambda,
        cloudwatch: this.cloudwatch,
        scaler: scales || watched ? { scale: scales ?? {}, ...(watched && { watch, timeouts }) } : undefined,
      }),
    ];
  }

  /** Makes the state machines of sagas, and answers with the functions of their starters and keepers. */
  #sagas(ledger: DeployedLedger): readonly StackFunction[] {
    const { stepFunctions } = this;
    if (!stepFunctions) return [];
    return (this.#options.sagas ?? []).flatMap((definition) => {
      const settings = deploySaga(stepFunctions, definition, this.ledger.name);
      const starter = this.#subscribe(ledger, starterOf(settings), createStarter(settings) as LambdaHandler);
      const waits = (settings.waits?.length ?? 0) > 0;
      const waiter = waits ? this.#subscribe(ledger, waiterOf(settings), createWaiter(settings) as LambdaHandler) : [];
      return [...starter, ...waiter, keeperFunction(settings, this.variables)];
    });
  }

  /** Makes the queues and routes of a subscriber, and answers with its functions. */
  #subscribe(ledger: DeployedLedger, definition: SubscriberDefinition, own?: LambdaHandler): readonly StackFunction[] {
    const { handlers = {}, streams = {}, fifo = [], timeout = DEFAULT_TIMEOUT, retention, later } = this.#options;
    const { name, deadline, effects, ordered } = definition;
    const handler = handlers[name] ?? own;
    const breaker = this.#options.breakers?.[name];
    const stream = Object.keys(streams).find((one) => streams[one]?.some((reader) => reader.name === name));
    const isFifo = fifo.some((one) => one.name === name);
    const queues = this.queues.addSubscriber(name, timeout, retention, { isFifo });
    const { url } = queues.queue;
    const letterBox = { deadLetterQueueUrl: queues.deadLetters.url };
    const destination: Destination =
      stream === undefined
        ? { kind: 'queue', url, ...letterBox }
        : { kind: 'stream', name: stream, retryQueueUrl: url, ...letterBox };
    const events = definition.consumes.map(({ type, businessLine }) => ({ type, businessLine }));
    const outside = effects.length > 0 && { effects: true as const };
    const inOrder = ordered && { ordered: true as const };
    this.routes.set(name, { subscriber: name, events, destination, deadline, ...outside, ...inOrder });
    if (!later?.has(name)) writeRoutes(this.ledger, definition, destination);
    const variables = {
      ...this.variables,
      [BINDINGS.subscriber]: name,
      [BINDINGS.queueUrl]: url,
      [BINDINGS.deadLetterQueueUrl]: queues.deadLetters.url,
      [BINDINGS.quarantineBucket]: this.bucket,
      ...(stream !== undefined && { [BINDINGS.streamName]: stream }),
      ...(ordered && { [BINDINGS.onDead]: ordered.onDead }),
      ...(this.#options.signing?.verifiedBy?.includes(name) && { [BINDINGS.verify]: '1' }),
      ...(breaker && {
        [BINDINGS.breaker]: JSON.stringify(breaker),
        [BINDINGS.controlQueueUrl]: this.queues.control.url,
      }),
    };
    this.subscribers.set(name, variables);
    return subscriberFunctions(ledger, queues, {
      name,
      variables,
      timeout,
      ...(handler && { handler }),
      ...(stream !== undefined && { stream }),
    });
  }

  /** The function, with the handler that was given for it. */
  #replaced(deployed: StackFunction): StackFunction {
    const handler = this.#options.handlers?.[deployed.name];
    return handler ? { ...deployed, load: () => handler } : deployed;
  }
}

/** To how many invocations at once an event source that scales is held at first. */
function leastOf({ min = SCALE_DEFAULTS.min }: Partial<ScaleSettings>, isQueue: boolean): number {
  return isQueue ? Math.max(LEAST_OF_QUEUE, min) : min;
}

/** As Kinesis counts what comes to its streams. */
function countedBy(cloudwatch: CloudWatchEngine, { kinesis }: Engines): CloudWatchEngine {
  kinesis.onEvent((of) => cloudwatch.count({ namespace: 'AWS/Kinesis', name: 'IncomingRecords', of }, 1));
  return cloudwatch;
}

function NO_CHANCE(bytes: number): Uint8Array {
  return new Uint8Array(bytes);
}

async function refuseToInvoke(name: string): Promise<never> {
  throw new TestMisused(`Nothing here invokes '${name}'`);
}
