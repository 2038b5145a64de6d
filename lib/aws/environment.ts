import { randomFillSync } from 'node:crypto';
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { KinesisClient } from '@aws-sdk/client-kinesis';
import type { S3Client } from '@aws-sdk/client-s3';
import type { SchedulerClient } from '@aws-sdk/client-scheduler';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { SFNClient } from '@aws-sdk/client-sfn';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { Context } from 'aws-lambda';
import { BINDINGS } from '../contract/bindings.ts';
import type { AnyTable } from '../contract/table.ts';
import type { Interrupting } from './interruption.ts';
import { type Countable, countUsage, noUsage, type Usage } from './usage.ts';

/** What a run time needs of an AWS client: a real one, or an engine in memory that answers the same commands. */
export type Sender<Client extends { send: unknown }> = Pick<Client, 'send'>;

/**
 * Everything that reaches the run time from outside: time, chance, bindings, AWS, and where it reports to. Nothing else
 * in the rooms of the run time may ask the clock, the process or the network, so that the simulator can run the very same code.
 */
export interface Environment {
  /** Milliseconds since the epoch. */
  now(): number;
  random(bytes: number): Uint8Array;
  /** Resolves after the time has passed, or as soon as the signal aborts. */
  sleep(milliseconds: number, signal?: Interrupting): Promise<void>;
  /** The bindings, see `BINDINGS` of the contract. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /**
   * The DynamoDB table of a business table, where no variable binds it: engines in memory make the one that the definition
   * describes.
   * @default the variable that its construct sets
   */
  tableName?(table: AnyTable): string;
  readonly dynamodb: Sender<DynamoDBClient>;
  readonly sqs: Sender<SQSClient>;
  /** Loaded when first used: most functions never need it. */
  kinesis(): Promise<Sender<KinesisClient>>;
  /** Loaded when first used: most functions never need it. */
  s3(): Promise<Sender<S3Client>>;
  /** Loaded when first used: where each delayed message has a schedule of its own. */
  scheduler(): Promise<Sender<SchedulerClient>>;
  /**
   * Where something else than Secrets Manager has the keys of a ledger that signs its messages.
   * @default a client of its own of whoever reads them
   */
  secrets?(): Promise<Sender<SecretsManagerClient>>;
  /**
   * Where something else than Step Functions answers the tasks of sagas.
   * @default a client of its own of whoever answers
   */
  stepFunctions?(): Promise<Sender<SFNClient>>;
  readonly log: Log;
  readonly metrics: MetricSink;
  /** What the clients of this environment have cost since it was made. */
  readonly usage: Usage;
}

/** Structured logging. Fields never hold payloads. */
export interface Log {
  info(message: string, fields: LogFields): void;
  warn(message: string, fields: LogFields): void;
  error(message: string, fields: LogFields): void;
}

/** Any fields but those that Powertools keeps for itself: it would drop them. */
export type LogFields = Readonly<Record<string, unknown>> & {
  readonly [Reserved in 'level' | 'message' | 'sampling_rate' | 'service' | 'timestamp']?: never;
};

/** Counters of one invocation. A sink that fails must not fail the business. */
export interface MetricSink {
  count(name: string, value: number): void;
  /** Sends what was counted since the last flush. */
  flush(): void;
}

/** Reports without failing the business: what a log or a metric sink throws is dropped. */
export function quietly(report: () => void): void {
  try {
    report();
  } catch {
    // A full disk behind stdout, or a metric library that refuses a value, must not turn a done batch into a failed one.
  }
}

/** The key on a Lambda context under which tests and the simulator pass another environment. */
export const ENVIRONMENT: unique symbol = Symbol.for('waybill.environment');

/** What a function may be told of its invocation: by Lambda, or by a test. */
export type GivenContext = Partial<Context> & { readonly [ENVIRONMENT]?: Environment };

/** The environment of an invocation: the context's own, else the process's, which is made when first asked for. */
export function environmentOf(context?: object): Environment {
  const given = context && (context as { readonly [ENVIRONMENT]?: Environment })[ENVIRONMENT];
  return given ?? processEnvironment();
}

let ofProcess: Environment | undefined;

function processEnvironment(): Environment {
  ofProcess ??= createEnvironment();
  return ofProcess;
}

/** Where a bundle finds what it waits for when it is loaded. */
const INITIALIZED = Symbol.for('waybill.initialized');

/** Milliseconds for which a process's initialization waits: Lambda gives it ten seconds. */
const INITIALIZATION_MS = 1_000;

/**
 * Has work done while Lambda initializes the process, where it has a whole processor and no message waits. The footer of a
 * `ConsumerFunction` waits for it, a second at most. Elsewhere nothing happens, and what fails is told by the first
 * invocation.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
 */
export function whileInitializing(work: (environment: Environment) => Promise<unknown>): void {
  if (process.env.AWS_LAMBDA_INITIALIZATION_TYPE === undefined) return;
  const initialized = globalThis as { [INITIALIZED]?: Promise<unknown> };
  const environment = processEnvironment();
  const done = new AbortController();
  const worked = Promise.race([work(environment), environment.sleep(INITIALIZATION_MS, done.signal)])
    .catch(() => undefined)
    .finally(() => done.abort());
  initialized[INITIALIZED] = Promise.all([initialized[INITIALIZED], worked]);
}

/**
 * An environment on the real clock and real AWS clients, configured by `process.env` as every AWS SDK client is
 * (`AWS_REGION`, `AWS_ENDPOINT_URL`, credentials).
 *
 * @param variables the bindings, e.g. those of a deployed stack's outputs. @default process.env
 */
export function createEnvironment(variables: Environment['variables'] = process.env): Environment {
  const usage = noUsage();
  // Three attempts of at most 5 s each: the runtime's own retries rest on the answer coming within an invocation.
  const client = { requestHandler: { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true } };
  const dynamodb = quiet(new DynamoDBClient(client), usage);
  let sqs: SQSClient | undefined;
  let kinesis: Promise<KinesisClient> | undefined;
  let s3: Promise<S3Client> | undefined;
  let scheduler: Promise<SchedulerClient> | undefined;
  return {
    now: Date.now,
    random: pooledRandom(),
    sleep,
    variables,
    dynamodb,
    // Few invocations send anything themselves.
    get sqs() {
      sqs ??= quiet(new SQSClient(client), usage);
      return sqs;
    },
    kinesis: () => {
      // Its own handler would speak HTTP/2, which one request at a time does not need, and has no limit for connecting.
      const { requestHandler } = dynamodb.config;
      kinesis ??= import('./kinesis-client.ts').then((sdk) => quiet(new sdk.KinesisClient({ requestHandler }), usage));
      return kinesis;
    },
    s3: () => {
      s3 ??= import('./s3-client.ts').then((sdk) => quiet(new sdk.S3Client(client), usage));
      return s3;
    },
    scheduler: () => {
      scheduler ??= import('./scheduler-client.ts').then((sdk) => quiet(new sdk.SchedulerClient(client), usage));
      return scheduler;
    },
    log: powertoolsLog(),
    metrics: powertoolsMetrics(variables[BINDINGS.ledger]),
    usage,
  };
}

/** A client that counts, and logs nothing: the SDK would copy each request and each answer for a logger that writes none of it. */
function quiet<Client extends Countable>(client: Client, usage: Usage): Client {
  client.middlewareStack.remove('loggerMiddleware');
  return countUsage(client, usage);
}

/** Bytes that are taken from the system at once: it takes longer to ask than to fill them. */
const RANDOM_POOL = 4_096;

/** Random bytes from a pool that is filled when first asked, so never before the process runs for good. */
function pooledRandom(): Environment['random'] {
  let pool = new Uint8Array(0);
  let used = 0;
  return (bytes) => {
    if (used + bytes > pool.length) {
      // A new one each time: the bytes given out stay as they are.
      pool = randomFillSync(new Uint8Array(Math.max(RANDOM_POOL, bytes)));
      used = 0;
    }
    used += bytes;
    return pool.subarray(used - bytes, used);
  };
}

function sleep(milliseconds: number, signal?: Interrupting): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function powertoolsLog(): Log {
  const logger = new Logger({ serviceName: 'waybill' });
  return {
    info: (message, fields) => logger.info(message, { ...fields }),
    warn: (message, fields) => logger.warn(message, { ...fields }),
    error: (message, fields) => logger.error(message, { ...fields }),
  };
}

function powertoolsMetrics(ledger: string | undefined): MetricSink {
  // As `METRICS` says, which would bring all its names into every function.
  const metrics = new Metrics({
    namespace: 'Waybill',
    serviceName: 'waybill',
    ...(ledger && { defaultDimensions: { ledger } }),
  });
  return {
    count: (name, value) => metrics.addMetric(name, MetricUnit.Count, value),
    flush: () => metrics.publishStoredMetrics(),
  };
}
