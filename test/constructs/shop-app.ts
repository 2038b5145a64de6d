import { App, type AppProps, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { z } from 'zod';
import { defineEvent } from '../../lib/contract/event.ts';
import { defineSequence } from '../../lib/contract/sequence.ts';
import { defineSubscriber } from '../../lib/contract/subscriber.ts';
import { defineTable } from '../../lib/contract/table.ts';

const order = z.object({ orderId: z.string(), sku: z.string(), quantity: z.int() });

export const OrderPlaced = defineEvent('order.placed', {
  schema: order,
  key: ({ orderId }) => orderId,
  businessLine: 'orders',
});

export const OrderCancelled = defineEvent('order.cancelled', {
  schema: z.object({ orderId: z.string() }),
  key: ({ orderId }) => orderId,
  businessLine: 'orders',
});

export const PaymentReceived = defineEvent('payment.received', {
  schema: z.object({ orderId: z.string() }),
  key: ({ orderId }) => orderId,
  businessLine: 'payments',
});

export const Stock = defineTable('stock', {
  item: z.object({ sku: z.string(), quantity: z.int() }),
  partitionKey: 'sku',
});

export const Orders = defineTable('orders', { item: z.object({ orderId: z.string() }), partitionKey: 'orderId' });
export const SalesCounts = defineTable('sales-counts', {
  item: z.object({ sku: z.string(), count: z.int() }),
  partitionKey: 'sku',
});

export const ReserveStock = defineSubscriber('reserve-stock', {
  consumes: [OrderPlaced, OrderCancelled],
  tables: [Stock],
  deadline: '90s',
});

export const CountSales = defineSubscriber('count-sales', { consumes: [OrderPlaced], tables: [SalesCounts] });

export const SendReceipt = defineSubscriber('send-receipt', { consumes: [PaymentReceived] });

export const Deposited = defineEvent('account.deposited', {
  schema: OrderCancelled.schema,
  key: ({ orderId }) => orderId,
  businessLine: 'accounts',
  sequence: defineSequence('accounts'),
});

/** Keeps the order of accounts. */
export const Book = defineSubscriber('book-movements', { consumes: [Deposited], ordered: { onDead: 'block' } });

/** An app that bundles nothing. CDK's own validation takes seconds to start: one test file runs it for all. */
export function testApp(props: AppProps = {}): App {
  return new App({
    analyticsReporting: false,
    builtinCloudFormationValidation: false,
    context: { 'aws:cdk:bundling-stacks': [] },
    ...props,
  });
}

/** A stack of an app of its own, unless one is given. */
export function testStack(id = 'Shop', app = testApp()): Stack {
  return new Stack(app, id, { env: { account: '111122223333', region: 'eu-central-1' } });
}

/** A function with nothing to build. */
export function handlerIn(scope: Construct, id = 'Handler', timeout = Duration.seconds(20)): lambda.Function {
  return new lambda.Function(scope, id, {
    runtime: lambda.Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: lambda.Code.fromInline('exports.handler = async () => {};'),
    timeout,
  });
}

/** A business table with a text for its key. */
export function tableIn(scope: Construct, id = 'Stock', key = 'sku'): dynamodb.TableV2 {
  return new dynamodb.TableV2(scope, id, {
    partitionKey: { name: key, type: dynamodb.AttributeType.STRING },
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
  });
}

/** A resource of a template, by logical id. */
export interface Resource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: a template's properties have no type
  readonly Properties: any;
  readonly DependsOn?: readonly string[];
  readonly DeletionPolicy?: string;
}

export type Resources = Readonly<Record<string, Resource>>;

export function resourcesOf(stack: Stack): Resources {
  return Template.fromStack(stack).toJSON().Resources as Resources;
}

/** The one resource of the type whose logical id begins so. */
export function only(resources: Resources, type: string, prefix = ''): Resource & { readonly id: string } {
  const found = Object.entries(resources).filter(([id, resource]) => resource.Type === type && id.startsWith(prefix));
  if (found.length !== 1) throw new Error(`${found.length} resources of ${type} begin with '${prefix}', not one`);
  const [id, resource] = found[0]!;
  return { id, ...resource };
}

/** The stack's resources with the hashes of assets blotted out, so that a snapshot changes when a construct does. */
export function snapshotOf(stack: Stack): Resources {
  const text = JSON.stringify(resourcesOf(stack));
  return JSON.parse(text.replaceAll(/[0-9a-f]{64}/g, 'ASSET')) as Resources;
}

/** A statement of any policy of a template. */
export interface Statement {
  /** The logical id of the resource that holds it. */
  readonly of: string;
  readonly type: string;
  readonly effect: string;
  readonly actions: readonly string[];
  readonly resources: readonly unknown[];
}

/** Every statement of every policy in the templates, wherever it is. */
export function statementsOf(resources: Resources): Statement[] {
  return Object.entries(resources).flatMap(([id, { Type, Properties }]) =>
    documentsIn(Properties).flatMap((document) =>
      document.Statement.map((statement) => ({
        of: id,
        type: Type,
        effect: statement.Effect,
        actions: [statement.Action].flat(),
        resources: [statement.Resource].flat(),
      })),
    ),
  );
}

interface PolicyDocument {
  readonly Statement: { readonly Effect: string; readonly Action: string | string[]; readonly Resource: unknown }[];
}

function documentsIn(value: unknown): PolicyDocument[] {
  if (typeof value !== 'object' || value === null) return [];
  if ('Statement' in value) return [value as PolicyDocument];
  return Object.values(value).flatMap(documentsIn);
}

/** What a function's role is allowed, on whatever conditions, by resource: `{ 'Table.Arn': ['dynamodb:GetItem'] }`. */
export function allowedTo(resources: Resources, handler: string): Record<string, string[]> {
  const role = resources[handler]!.Properties.Role['Fn::GetAtt'][0] as string;
  const allowed: Record<string, string[]> = {};
  for (const [id, { Type, Properties }] of Object.entries(resources)) {
    if (Type !== 'AWS::IAM::Policy' || !Properties.Roles.some((to: { Ref?: string }) => to.Ref === role)) continue;
    for (const { actions, resources: arns } of statementsOf({ [id]: { Type, Properties } })) {
      for (const arn of arns) allowed[spell(arn)] = [...new Set([...(allowed[spell(arn)] ?? []), ...actions])].sort();
    }
  }
  return allowed;
}

function spell(arn: unknown): string {
  if (typeof arn === 'string') return arn;
  const intrinsic = arn as { 'Fn::GetAtt'?: string[]; 'Fn::Join'?: [string, unknown[]]; 'Fn::ImportValue'?: string };
  if (intrinsic['Fn::GetAtt']) return intrinsic['Fn::GetAtt'].join('.');
  if (intrinsic['Fn::Join']) return intrinsic['Fn::Join'][1].map(spell).join(intrinsic['Fn::Join'][0]);
  return JSON.stringify(arn);
}

/** What a queue's own policy allows roles: `{ 'sqs:SendMessage': ['LedgerRelayRole…', …] }`, with names of imported roles. */
export function allowedBy(resources: Resources, queue: string): Record<string, string[]> {
  const policies = Object.values(resources).filter(
    ({ Type, Properties }) => Type === 'AWS::SQS::QueuePolicy' && Properties.Queues[0].Ref === queue,
  );
  const allowed: Record<string, string[]> = {};
  for (const { Properties } of policies) {
    for (const { Effect, Action, Principal, Resource } of Properties.PolicyDocument.Statement) {
      if (Effect !== 'Allow') continue;
      if (spell(Resource) !== `${queue}.Arn`) throw new Error(`The policy of ${queue} is about ${spell(Resource)}`);
      for (const action of [Action].flat()) {
        allowed[action] = [...(allowed[action] ?? []), ...[Principal.AWS].flat().map(roleIn)];
      }
    }
  }
  return allowed;
}

function roleIn(principal: unknown): string {
  return spell(principal)
    .replace(/.*:role\//, '')
    .replace(/\.Arn$/, '');
}
