import type { Environment } from '../aws/environment.ts';
import { countUsage, noUsage } from '../aws/usage.ts';
import type { AnyTable } from '../contract/table.ts';
import {
  DynamoDbEngine,
  directWire,
  KinesisEngine,
  S3Engine,
  type SchedulerEngine,
  SecretsEngine,
  SqsEngine,
  type StepFunctionsEngine,
  type Wire,
} from './engines/index.ts';
import { TestMisused, UnsupportedByEngine } from './errors.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** The engines that an environment's clients reach. */
export interface Engines {
  readonly dynamodb: DynamoDbEngine;
  readonly sqs: SqsEngine;
  readonly kinesis: KinesisEngine;
  readonly s3: S3Engine;
  readonly secrets: SecretsEngine;
}

/** Engines with nothing in them. */
export function enginesOn(clock: Pick<VirtualClock, 'now'>): Engines {
  return {
    dynamodb: new DynamoDbEngine(clock),
    sqs: new SqsEngine(clock),
    kinesis: new KinesisEngine(clock),
    s3: new S3Engine(clock),
    secrets: new SecretsEngine(clock),
  };
}

export interface TestEnvironmentOptions {
  readonly clock: Pick<VirtualClock, 'now' | 'sleep'>;
  readonly random: Environment['random'];
  readonly engines: Engines;
  /** The bindings, but for business tables: those are made in the engine when they are first used. */
  readonly variables: Environment['variables'];
  /** Carries the requests of all clients. @default answers at once */
  readonly wire?: Wire;
  /** Where delayed messages have schedules of their own. @default there is none */
  readonly scheduler?: SchedulerEngine;
  /** Where sagas run. @default there is none */
  readonly stepFunctions?: StepFunctionsEngine;
}

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** An environment on engines in memory, whose log lines and metrics can be read. */
export interface TestEnvironment extends Environment {
  readonly lines: LogLine[];
  /** Sums of counts, by metric. */
  readonly counted: Record<string, number>;
}

export function testEnvironment({
  clock,
  random,
  engines,
  variables,
  wire = directWire,
  scheduler,
  stepFunctions,
}: TestEnvironmentOptions): TestEnvironment {
  const usage = noUsage();
  const lines: LogLine[] = [];
  const counted: Record<string, number> = {};
  const kinesis = countUsage(engines.kinesis.client(wire), usage);
  const s3 = countUsage(engines.s3.client(wire), usage);
  const secrets = countUsage(engines.secrets.client(wire), usage);
  const log = (level: LogLine['level']) => (message: string, fields: LogLine['fields']) => {
    lines.push({ level, message, fields });
  };
  return {
    now: clock.now,
    sleep: clock.sleep,
    random,
    variables,
    tableName: (table) => tableOf(engines.dynamodb, table),
    dynamodb: countUsage(engines.dynamodb.client(wire), usage),
    sqs: countUsage(engines.sqs.client(wire), usage),
    kinesis: async () => kinesis,
    s3: async () => s3,
    secrets: async () => secrets,
    scheduler: async () => {
      if (scheduler) return scheduler.client(wire);
      throw new UnsupportedByEngine(
        'EventBridge Scheduler is not among the engines in memory: let due messages be swept',
      );
    },
    stepFunctions: async () => {
      if (stepFunctions) return stepFunctions.client(wire);
      throw new UnsupportedByEngine('Step Functions is not among the engines here: give the stack `sagas`');
    },
    log: { info: log('info'), warn: log('warn'), error: log('error') },
    metrics: {
      count: (name, value) => {
        counted[name] = (counted[name] ?? 0) + value;
      },
      flush: () => undefined,
    },
    usage,
    lines,
    counted,
  };
}

/**
 * The engine's table of a definition, made when first asked for.
 *
 * @throws TestMisused when another definition has the name, with another key
 */
export function tableOf(engine: DynamoDbEngine, { name, partitionKey, sortKey }: AnyTable): string {
  if (!engine.hasTable(name)) {
    engine.createTable({
      name,
      partitionKey: { name: partitionKey },
      ...(sortKey !== undefined && { sortKey: { name: sortKey } }),
    });
  }
  const { schema } = engine.table(name);
  if (schema.partitionKey.name !== partitionKey || schema.sortKey?.name !== sortKey) {
    throw new TestMisused(`Two tables are named '${name}' and have different keys: give one of them another name`);
  }
  return name;
}
