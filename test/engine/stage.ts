import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { S3Client } from '@aws-sdk/client-s3';
import { SchedulerClient } from '@aws-sdk/client-scheduler';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { createEnvironment, type Environment } from '../../lib/aws/environment.ts';
import { bootstrap } from '../../lib/local/bootstrap.ts';
import { deployApp, type StackOutputs } from '../../lib/local/deploy.ts';
import { type StartedEngine, startEngine } from '../../lib/local/engine.ts';
import { assemblyOf } from '../assembly.ts';
import { destroyApp } from '../local/destroy-app.ts';
import { LambdaControl } from './lambda-control.ts';
import { outputName } from './output-name.ts';

const cwd = join(import.meta.dirname, '..', '..');

/** An engine of its own with a CDK app deployed to it. */
export interface Stage {
  readonly engine: StartedEngine;
  readonly lambda: LambdaControl;
  readonly dynamodb: DynamoDBClient;
  readonly sqs: SQSClient;
  readonly kinesis: KinesisClient;
  readonly s3: S3Client;
  readonly scheduler: SchedulerClient;
  readonly secrets: SecretsManagerClient;
  /** An output of any stack, by the name that the app gave it. */
  output(name: string): string;
  /** Deploys the app (again), with other context or only some of its stacks. */
  deploy(options?: StageOptions): Promise<void>;
  /** Destroys some of its stacks. */
  destroy(stacks: readonly string[]): Promise<void>;
  /** The environment of a producer with these bindings, on this engine's clients. */
  environment(variables: Environment['variables']): Environment;
  stop(): Promise<void>;
}

export interface StageOptions {
  /** Context values of the app: with other ones it is synthesized again. */
  readonly context?: Readonly<Record<string, string>>;
  /** @default all */
  readonly stacks?: readonly string[];
}

/**
 * Starts an engine and deploys a CDK app to it.
 *
 * @param app the app's folder below `test/engine`; its file is `app.ts`
 */
export async function setStage(app: string, options: StageOptions = {}): Promise<Stage> {
  const engine = await startEngine();
  const clients = clientsOf(engine);
  const outputs: Record<string, string> = {};
  let target = { target: engine, cwd, app: '' };
  const stage: Stage = {
    engine,
    lambda: new LambdaControl(engine),
    ...clients,
    output: (name) => {
      const value = outputs[outputName(name)];
      if (!value) throw new Error(`No stack has the output '${name}': ${Object.keys(outputs).join(', ')}`);
      return value;
    },
    deploy: async ({ context, stacks } = {}) => {
      if (context) target = { ...target, app: await synthesize(engine, app, context) };
      Object.assign(outputs, flat(await deployApp({ ...target, ...(stacks && { stacks }) })));
    },
    destroy: (stacks) => destroyApp({ ...target, stacks }),
    environment: (variables) => ({
      ...createEnvironment(variables),
      dynamodb: clients.dynamodb,
      sqs: clients.sqs,
      kinesis: async () => clients.kinesis,
      s3: async () => clients.s3,
      scheduler: async () => clients.scheduler,
      secrets: async () => clients.secrets,
    }),
    stop: async () => {
      for (const client of Object.values(clients)) client.destroy();
      await engine.stop();
    },
  };
  try {
    await stage.deploy({ context: {}, ...options });
    return stage;
  } catch (error) {
    await stage.stop();
    throw error;
  }
}

async function synthesize(engine: StartedEngine, app: string, context: Readonly<Record<string, string>>) {
  // Neither needs the other.
  const [assembly] = await Promise.all([
    assemblyOf(`test/engine/${app}/app.ts`, context),
    bootstrap({ target: engine, cwd }),
  ]);
  return assembly;
}

/** How an AWS SDK client of a test reaches the engine, or a wire to it. */
export function clientOptions(endpoint: string) {
  return { endpoint, region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
}

function clientsOf({ endpoint }: StartedEngine) {
  const options = clientOptions(endpoint);
  return {
    dynamodb: new DynamoDBClient(options),
    sqs: new SQSClient(options),
    kinesis: new KinesisClient(options),
    s3: new S3Client(options),
    scheduler: new SchedulerClient(options),
    secrets: new SecretsManagerClient(options),
  };
}

function flat(outputs: StackOutputs): Record<string, string> {
  return Object.assign({}, ...Object.values(outputs));
}
