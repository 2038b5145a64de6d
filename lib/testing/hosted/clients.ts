import { randomBytes } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { Environment, Log } from '../../aws/environment.ts';
import { noUsage } from '../../aws/usage.ts';
import { TestMisused, UnsupportedByEngine } from '../errors.ts';
import { realClock } from '../lambda/index.ts';

/** Real clients of the engines that host a stack. */
export interface HostClients {
  readonly dynamodb: DynamoDBClient;
  readonly sqs: SQSClient;
  readonly kinesis: KinesisClient;
  readonly s3: S3Client;
}

/** Where engines are. What is not given is as `process.env` says: `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_DYNAMODB` … */
export interface HostEndpoints {
  /** Of every service for which no other is given. */
  readonly endpoint?: string;
  readonly dynamodbEndpoint?: string;
  /** @default AWS_REGION, else 'us-east-1' */
  readonly region?: string;
}

/**
 * Clients that are configured by the endpoints, else by the environment as all clients of the AWS SDK are.
 *
 * @throws TestMisused when nothing says where an engine is: a test never makes anything in the real AWS. Or
 * when the region cannot be one
 */
export function hostClients({ endpoint, dynamodbEndpoint = endpoint, region }: HostEndpoints): HostClients {
  const { AWS_ENDPOINT_URL, AWS_REGION, AWS_DEFAULT_REGION, AWS_ACCESS_KEY_ID, AWS_PROFILE } = process.env;
  if (!(endpoint ?? AWS_ENDPOINT_URL)) {
    throw new TestMisused(
      'Nothing says where the engine is that hosts the stacks: set AWS_ENDPOINT_URL, e.g. by `eval "$(waybill up --engine localstack)"`, or give `endpoint`',
    );
  }
  const chosen = region ?? AWS_REGION ?? AWS_DEFAULT_REGION ?? 'us-east-1';
  if (!/^[a-z]{2}(?:-[a-z]+)+-\d+$/.test(chosen)) {
    throw new TestMisused(`The region is '${chosen}', which AWS does not have: give one such as us-east-1`);
  }
  const common = {
    region: chosen,
    // Engines take any; whoever has credentials of their own may have a reason.
    ...(!AWS_ACCESS_KEY_ID && !AWS_PROFILE && { credentials: { accessKeyId: 'test', secretAccessKey: 'test' } }),
  };
  const elsewhere = { ...common, ...(endpoint !== undefined && { endpoint }) };
  const sqs = new SQSClient(elsewhere);
  return {
    dynamodb: new DynamoDBClient({ ...common, ...(dynamodbEndpoint !== undefined && { endpoint: dynamodbEndpoint }) }),
    sqs,
    // Its own handler speaks HTTP/2, which engines without TLS do badly or not at all.
    kinesis: new KinesisClient({ ...elsewhere, requestHandler: sqs.config.requestHandler }),
    s3: new S3Client({ ...elsewhere, forcePathStyle: true }),
  };
}

/** A request that a function in this process sends to an engine. */
export interface HostedRequest {
  /** Whose: a subscriber's name, or the function's logical id. */
  readonly from: string;
  /** e.g. `TransactWriteItems` */
  readonly operation: string;
  readonly input: object;
}

/**
 * Carries the requests of functions to the engines and the answers back. `send` does what the request says, or what
 * another input does; a wire may call it late, not at all or twice, and may lose the answer: this is where faults are
 * injected.
 */
export type HostWire = (request: HostedRequest, send: (input?: object) => Promise<object>) => Promise<object>;

/** The environment of something that runs in this process and works with the engines. */
export function hostedEnvironment(
  clients: HostClients,
  from: string,
  variables: Environment['variables'],
  { log, wire }: { readonly log: Log; readonly wire: HostWire },
): Environment {
  const wired = <Client extends { send: unknown }>(client: Client): Pick<Client, 'send'> => {
    const forward = client.send as (command: object) => Promise<object>;
    const send = async (command: { readonly input: object }): Promise<object> => {
      const operation = command.constructor.name.replace(/Command$/, '');
      const Command = command.constructor as new (input: object) => object;
      return wire({ from, operation, input: command.input }, (input) =>
        forward.call(client, input ? new Command(input) : command),
      );
    };
    return { send: send as Client['send'] };
  };
  const kinesis = wired(clients.kinesis);
  const s3 = wired(clients.s3);
  return {
    ...realClock,
    random: randomBytes,
    variables,
    dynamodb: wired(clients.dynamodb),
    sqs: wired(clients.sqs),
    kinesis: async () => kinesis,
    s3: async () => s3,
    scheduler: async () => {
      throw new UnsupportedByEngine(
        'Schedules of messages do not fire where a stack is hosted: let due messages be swept',
      );
    },
    log,
    metrics: { count: () => undefined, flush: () => undefined },
    usage: noUsage(),
  };
}

export const silentLog: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };
