import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  InvokeCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
  ListFunctionsCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { DeleteBucketPolicyCommand, S3Client } from '@aws-sdk/client-s3';
import {
  GetQueueAttributesCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { tableBinding } from 'waybill';
import { type DeployedSubscriber, type Deployment, deploymentOf, STACK_NAME } from '../../demo/deployment.ts';
import { deployApp } from '../../lib/local/deploy.ts';
import { type StartedEngine, startEngine } from '../../lib/local/engine.ts';
import { assemblyOf } from '../assembly.ts';
import { clientOptions } from '../engine/stage.ts';
import { changeRole, type DeployedRole, deployedRoles, resourcesOf, type Statement } from './deployed-roles.ts';
import { ChargeCard, Outages } from './fragile.ts';
import { BATCHES, type RecordedCall, recordedCalls } from './recorded-calls.ts';
import { SignedApi } from './signed-api.ts';

const cwd = join(import.meta.dirname, '..', '..');

const LENGTHS = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
] as const;

/** The example shop on an engine that enforces its roles and records every call. */
export class EnforcedShop {
  readonly engine: StartedEngine;
  readonly api: SignedApi;
  readonly deployment: Deployment;
  readonly dynamodb: DynamoDBClient;
  /** Those of the example, and the one with a breaker. */
  readonly subscribers: Readonly<Record<string, Pick<DeployedSubscriber, 'queueUrl'>>>;
  /** As the templates have them. */
  readonly roles: readonly DeployedRole[];
  readonly #lambda: LambdaClient;
  readonly #sqs: SQSClient;

  private constructor(
    engine: StartedEngine,
    outputs: Readonly<Record<string, string>>,
    roles: readonly DeployedRole[],
  ) {
    const deployment = deploymentOf(outputs);
    const options = clientOptions(engine.endpoint);
    this.engine = engine;
    this.api = new SignedApi(engine.endpoint);
    const outages = { [tableBinding(Outages.name)]: outputs.OutagesTable ?? '' };
    this.deployment = { ...deployment, variables: { ...deployment.variables, ...outages } };
    this.subscribers = { ...deployment.subscribers, [ChargeCard.name]: { queueUrl: outputs.ChargeCardQueue ?? '' } };
    this.roles = roles;
    this.dynamodb = new DynamoDBClient(options);
    this.#lambda = new LambdaClient(options);
    this.#sqs = new SQSClient(options);
  }

  static async deploy(): Promise<EnforcedShop> {
    const engine = await startEngine({
      auth: true,
      env: { CLOUDTRAIL_RECORDING: '1', CLOUDTRAIL_MAX_EVENTS: '200000' },
    });
    try {
      const app = await assemblyOf('test/privilege/app.ts');
      const outputs = await deployApp({ target: engine, cwd, app });
      const roles = await deployedRoles(new SignedApi(engine.endpoint), STACK_NAME);
      const shop = new EnforcedShop(engine, outputs[STACK_NAME] ?? {}, roles);
      await shop.#readQueuePolicies();
      await shop.#spellAsTheEngineDoes();
      await shop.#allowPlainHttp();
      return shop;
    } catch (error) {
      await engine.stop();
      throw error;
    }
  }

  /** What each role's functions have done, by the role's name: roles that no function has are not in it. */
  async callsByRole(): Promise<Map<string, RecordedCall[]>> {
    const { Functions = [] } = await this.#lambda.send(new ListFunctionsCommand({}));
    const roleOf = new Map(
      Functions.map(({ Environment, Role = '' }) => [
        Environment?.Variables?.AWS_SDK_UA_APP_ID ?? '',
        Role.split('/').at(-1) ?? '',
      ]),
    );
    return Map.groupBy(await recordedCalls(this.api), ({ by }) => roleOf.get(by) ?? '');
  }

  /** The role whose logical id begins so. */
  role(beginning: string): DeployedRole {
    const [role, other] = this.roles.filter(({ logicalId }) => logicalId.startsWith(beginning));
    if (!role || other) throw new Error(`Not one role begins with ${beginning}`);
    return role;
  }

  /** Runs the function of a role. @returns the error, if it failed */
  async invoke(role: DeployedRole): Promise<string | undefined> {
    const { error, text } = await this.#call(role, '{}');
    return error && text;
  }

  /** What the function of a role answers. */
  async ask<Answer>(role: DeployedRole, question: unknown): Promise<Answer> {
    const { error, text } = await this.#call(role, JSON.stringify(question));
    if (error) throw new Error(text);
    return JSON.parse(text) as Answer;
  }

  async #call(role: DeployedRole, Payload: string) {
    const FunctionName = await this.#functionOf(role);
    const reply = await this.#lambda.send(new InvokeCommand({ FunctionName, Payload }));
    return { error: reply.FunctionError, text: Buffer.from(reply.Payload ?? []).toString() };
  }

  async #functionOf({ name }: DeployedRole): Promise<string | undefined> {
    const { Functions = [] } = await this.#lambda.send(new ListFunctionsCommand({}));
    return Functions.find(({ Role }) => Role?.endsWith(`/${name}`))?.FunctionName;
  }

  /** Switches the event source of a role's function on or off. */
  async switch(role: DeployedRole, Enabled: boolean): Promise<void> {
    const FunctionName = await this.#functionOf(role);
    const { EventSourceMappings = [] } = await this.#lambda.send(new ListEventSourceMappingsCommand({ FunctionName }));
    for (const { UUID } of EventSourceMappings) {
      await this.#lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled }));
    }
  }

  async send(queueUrl: string, body: string, attributes: Readonly<Record<string, string>> = {}): Promise<void> {
    const MessageAttributes = Object.fromEntries(
      Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
    );
    await this.#sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body, MessageAttributes }));
  }

  /** The queue whose logical id begins so. */
  async queueUrl(beginning: string): Promise<string> {
    const queues = await resourcesOf(this.api, STACK_NAME, 'AWS::SQS::Queue');
    const [url, other] = [...queues].flatMap(([logicalId, found]) => (logicalId.startsWith(beginning) ? [found] : []));
    if (!url || other) throw new Error(`Not one queue begins with ${beginning}`);
    return url;
  }

  /** How many messages are in a queue, those that are being handled or rest included. */
  async queued(queueUrl: string): Promise<number> {
    const { Attributes = {} } = await this.#sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: [...LENGTHS] }),
    );
    return LENGTHS.reduce((sum, name) => sum + Number(Attributes[name] ?? 0), 0);
  }

  /** Where SQS moves what is received from a queue too often. */
  async backstopOf(queueUrl: string): Promise<string> {
    const { Attributes = {} } = await this.#sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['RedrivePolicy'] }),
    );
    const { deadLetterTargetArn } = JSON.parse(Attributes.RedrivePolicy ?? '') as { deadLetterTargetArn: string };
    return queueUrl.replace(/[^/]+$/, deadLetterTargetArn.split(':').at(-1) ?? '');
  }

  async stop(): Promise<void> {
    for (const client of [this.dynamodb, this.#lambda, this.#sqs]) client.destroy();
    await this.engine.stop();
  }

  /** What queues allow roles belongs to what the roles may do. */
  async #readQueuePolicies(): Promise<void> {
    const sqs = new SQSClient(clientOptions(this.engine.endpoint));
    sqs.middlewareStack.add(asIfByTls, { step: 'build' });
    const queues = await resourcesOf(this.api, STACK_NAME, 'AWS::SQS::Queue');
    for (const QueueUrl of queues.values()) {
      const { Statement } = await policyOf(sqs, QueueUrl);
      for (const role of this.roles) {
        const own = Statement.filter((one) => one.Effect === 'Allow' && names(one, role));
        role.byQueues.push(...own);
      }
    }
    sqs.destroy();
  }

  /** Says in the deployed roles, not in the template, what the engine wants to be said otherwise than AWS does. */
  async #spellAsTheEngineDoes(): Promise<void> {
    for (const role of this.roles) await changeRole(this.api, role, spelledForEngine);
  }

  /** The engine has no TLS, and queues and bucket refuse whoever comes without, their owner too. */
  async #allowPlainHttp(): Promise<void> {
    const options = clientOptions(this.engine.endpoint);
    const [s3, sqs] = [new S3Client(options), new SQSClient(options)];
    s3.middlewareStack.add(asIfByTls, { step: 'build' });
    sqs.middlewareStack.add(asIfByTls, { step: 'build' });
    const queues = await resourcesOf(this.api, STACK_NAME, 'AWS::SQS::Queue');
    for (const QueueUrl of queues.values()) {
      const policy = await policyOf(sqs, QueueUrl);
      const Statement = policy.Statement.filter(({ Effect }) => Effect === 'Allow').map(spelledForEngine);
      const Policy = Statement.length > 0 ? JSON.stringify({ ...policy, Statement }) : '';
      await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
    }
    const buckets = await resourcesOf(this.api, STACK_NAME, 'AWS::S3::Bucket');
    for (const Bucket of buckets.values()) await s3.send(new DeleteBucketPolicyCommand({ Bucket }));
    for (const client of [s3, sqs]) client.destroy();
  }
}

function names({ Principal }: Statement, { name }: DeployedRole): boolean {
  const { AWS = [] } = (Principal ?? {}) as { readonly AWS?: string | readonly string[] };
  return [AWS].flat().some((arn) => arn.endsWith(`:role/${name}`));
}

async function policyOf(sqs: SQSClient, QueueUrl: string): Promise<{ readonly Statement: readonly Statement[] }> {
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['Policy'] }));
  return JSON.parse(Attributes?.Policy ?? '{ "Statement": [] }');
}

/** Says what a proxy would say that had ended TLS. */
function asIfByTls<Args extends { request: unknown }, Output>(next: (args: Args) => Promise<Output>) {
  return (args: Args): Promise<Output> => {
    (args.request as { headers: Record<string, string> }).headers['x-forwarded-proto'] = 'https';
    return next(args);
  };
}

/**
 * AWS authorizes SQS's batches as the single action, and knows the namespace that metrics are put into, the tags of what is
 * controlled and the keys of the rows that are asked for. The keys are judged afterwards, by what was recorded.
 *
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/iam-cw-condition-keys-namespace.html
 */
function spelledForEngine({ Condition, ...statement }: Statement): Statement {
  const actions = [statement.Action].flat();
  const batches = Object.entries(BATCHES).flatMap(([batch, single]) => (actions.includes(single) ? [batch] : []));
  const unknown = /cloudwatch:namespace|dynamodb:LeadingKeys|aws:ResourceTag/.test(JSON.stringify(Condition ?? ''));
  return { ...statement, Action: [...actions, ...batches], ...(Condition && !unknown && { Condition }) };
}
