import { type App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { describe, expect, test, vi } from 'vitest';
import { Ledger, QueueChannel, StreamChannel, Subscriber } from '../../lib/public/constructs.ts';
import {
  allowedBy,
  allowedTo,
  CountSales,
  handlerIn,
  OrderCancelled,
  OrderPlaced,
  only,
  ReserveStock,
  resourcesOf,
  tableIn,
  testApp,
  testStack,
} from './shop-app.ts';

// Each synthesizes an app, on machines that may be busy.
vi.setConfig({ testTimeout: 30_000 });

/** Ledger, channels, subscribers and handlers in as many stacks as there are. */
function spreadOver(ledgerStack: Stack, channelStack: Stack, subscriberStack: Stack, handlerStack: Stack) {
  const ledger = new Ledger(ledgerStack, 'Ledger');
  const orders = new QueueChannel(channelStack, 'Orders', { ledger, events: [OrderPlaced, OrderCancelled] });
  const sales = new StreamChannel(channelStack, 'Sales', { ledger, events: [OrderPlaced] });
  new Subscriber(subscriberStack, 'Reserve', {
    channel: orders,
    subscriber: ReserveStock,
    handler: handlerIn(handlerStack, 'ReserveHandler'),
    tables: { stock: tableIn(handlerStack, 'Stock') },
  });
  new Subscriber(subscriberStack, 'Count', {
    channel: sales,
    subscriber: CountSales,
    handler: handlerIn(handlerStack, 'CountHandler'),
    tables: { 'sales-counts': tableIn(handlerStack, 'Counts') },
  });
}

const regions = {
  'whose region is known': (id: string, app: App) => testStack(id, app),
  'for any region': (id: string, app: App) => new Stack(app, id),
};

describe.each(Object.entries(regions))('in stacks %s', (_, stackIn) => {
  test('ledger, channel, subscriber and handler may each live in their own', () => {
    const app = testApp();
    const [ledger, channel, subscriber, handler] = ['Ledgers', 'Channels', 'Subscribers', 'Handlers'].map((id) =>
      stackIn(id, app),
    ) as [Stack, Stack, Stack, Stack];
    spreadOver(ledger, channel, subscriber, handler);
    app.synth();

    const names = (stack: Stack) => stack.dependencies.map(({ node }) => node.id).sort();
    expect(names(ledger)).toEqual([]);
    expect(names(channel)).toEqual(['Ledgers']);
    expect(names(subscriber)).toEqual(['Channels', 'Ledgers']);
    expect(names(handler)).toEqual(['Channels', 'Ledgers', 'Subscribers']);
  });

  test("a subscriber changes nothing in the ledger's stack", () => {
    const alone = stackIn('Ledgers', testApp());
    new Ledger(alone, 'Ledger');
    const app = testApp();
    const [ledger, channel, subscriber] = ['Ledgers', 'Channels', 'Subscribers'].map((id) => stackIn(id, app)) as [
      Stack,
      Stack,
      Stack,
    ];
    spreadOver(ledger, channel, subscriber, subscriber);

    expect(resourcesOf(ledger)).toEqual(resourcesOf(alone));
  });

  test("who may send is said by the subscriber's queue, and of a stream in the channel's stack", () => {
    const app = testApp();
    const [ledger, channel, subscriber] = ['Ledgers', 'Channels', 'Subscribers'].map((id) => stackIn(id, app)) as [
      Stack,
      Stack,
      Stack,
    ];
    spreadOver(ledger, channel, subscriber, subscriber);

    const permissions = (stack: Stack) =>
      Object.keys(Template.fromStack(stack).findResources('AWS::IAM::Policy')).filter((id) =>
        id.includes('RelayMaySend'),
      );
    expect(permissions(ledger)).toHaveLength(0);
    expect(permissions(channel)).toHaveLength(1);
    expect(permissions(subscriber)).toHaveLength(0);
    Template.fromStack(subscriber).resourceCountIs('Custom::WaybillRoute', 2);
    const senders = ['LedgerRelay', 'LedgerForwarder', 'LedgerSweepRole', 'LedgerReconcilerRole'].map((sender) => {
      const role = Template.fromStack(ledger).findOutputs('*', {
        Value: { 'Fn::GetAtt': [only(resourcesOf(ledger), 'AWS::IAM::Role', sender).id, 'Arn'] },
      });
      return JSON.stringify({ 'Fn::ImportValue': (Object.values(role)[0]!.Export as { Name: string }).Name });
    });
    const resources = resourcesOf(subscriber);
    expect(allowedBy(resources, only(resources, 'AWS::SQS::Queue', 'ReserveQueue').id)['sqs:SendMessage']).toEqual(
      senders,
    );
  });
});

test("two stacks that name their constructs alike do not take each other's permission away", () => {
  const app = testApp();
  const ledger = new Ledger(testStack('Ledgers', app), 'Ledger');
  const [one, two] = [testStack('One', app), testStack('Two', app)];
  for (const stack of [one, two]) new StreamChannel(stack, 'Same', { ledger, events: [OrderPlaced] });

  const [first, second] = [one, two].map((stack) => only(resourcesOf(stack), 'AWS::IAM::Policy', 'SameRelayMaySend'));
  expect(first!.Properties.Roles).toEqual(second!.Properties.Roles);
  // A role keeps one inline policy of a name.
  expect(first!.Properties.PolicyName).not.toBe(second!.Properties.PolicyName);
});

describe('a ledger of another app, by its name', () => {
  function theirLedger(name = 'shop') {
    const stack = testStack('Ledgers');
    new Ledger(stack, 'Ledger', { ledgerName: name });
    return resourcesOf(stack);
  }

  function ourApp(name = 'shop') {
    const stack = testStack('Ours');
    const ledger = Ledger.fromLedgerName(stack, 'Ledger', name, { shards: 32 });
    const orders = new QueueChannel(stack, 'Orders', { ledger, events: [OrderPlaced, OrderCancelled] });
    const sales = new StreamChannel(stack, 'Sales', { ledger, events: [OrderPlaced] });
    const handler: lambda.Function = handlerIn(stack);
    new Subscriber(stack, 'Reserve', {
      channel: orders,
      subscriber: ReserveStock,
      handler,
      tables: { stock: tableIn(stack) },
    });
    sales.addSubscriber(CountSales, {
      handler: handlerIn(stack, 'Count'),
      tables: { 'sales-counts': tableIn(stack, 'Counts') },
    });
    return { stack, ledger };
  }

  test('what it names is what the other app deploys', () => {
    const theirs = theirLedger();
    const ours = resourcesOf(ourApp().stack);

    const table = only(theirs, 'AWS::DynamoDB::GlobalTable').Properties.TableName;
    const senders = ['LedgerRelay', 'LedgerForwarder', 'LedgerSweepRole'].map(
      (sender) => only(theirs, 'AWS::IAM::Role', sender).Properties.RoleName,
    );
    const forward = only(theirs, 'AWS::SQS::Queue', 'LedgerForwardQueue').Properties.QueueName;
    const bucket = only(theirs, 'AWS::S3::Bucket').Properties.BucketName;
    const registrar = only(theirs, 'AWS::Lambda::Function', 'LedgerRegisterRoutes').Properties.FunctionName;
    expect([table, ...senders, forward, bucket, registrar]).toEqual([
      'shop',
      'shop-relay-eu-central-1',
      'shop-forward-eu-central-1',
      'shop-sweep-eu-central-1',
      'shop-forward',
      'shop-quarantine-111122223333-eu-central-1',
      'shop-register-routes',
    ]);

    expect(only(ours, 'AWS::Lambda::Function', 'Handler').Properties.Environment.Variables).toMatchObject({
      WAYBILL_LEDGER: table,
      WAYBILL_SHARDS: '32',
      WAYBILL_QUARANTINE_BUCKET: bucket,
    });
    const reserve = only(ours, 'AWS::SQS::Queue', 'ReserveQueue').id;
    const reconciler = only(theirs, 'AWS::IAM::Role', 'LedgerReconcilerRole').Properties.RoleName;
    expect(allowedBy(ours, reserve)['sqs:SendMessage']).toEqual([...senders, reconciler]);
    expect(only(ours, 'AWS::IAM::Policy', 'SalesRelayMaySend').Properties.Roles).toEqual(senders);
    for (const route of Object.values(ours).filter(({ Type }) => Type === 'Custom::WaybillRoute')) {
      expect(JSON.stringify(route.Properties.ServiceToken)).toContain(`:function:${registrar}`);
    }
  });

  test('the handler is granted the table and its part of the bucket by their names', () => {
    const resources = resourcesOf(ourApp().stack);
    const allowed = allowedTo(resources, only(resources, 'AWS::Lambda::Function', 'Handler').id);
    const arns = Object.keys(allowed);

    expect(arns.find((arn) => arn.endsWith(':table/shop'))).toBeDefined();
    expect(arns.find((arn) => arn.endsWith('quarantine-111122223333-eu-central-1/reserve-stock/*'))).toBeDefined();
  });

  test('nothing of it is deployed again', () => {
    const template = Template.fromStack(ourApp().stack);

    template.resourcePropertiesCountIs('AWS::DynamoDB::GlobalTable', { TableName: Match.anyValue() }, 0);
    template.resourceCountIs('AWS::S3::Bucket', 0);
    template.resourcePropertiesCountIs('AWS::Lambda::Function', { Description: Match.stringLikeRegexp('relays') }, 0);
  });

  test('in a stack for any region the names follow the region it is deployed to', () => {
    const stack = new Stack(testApp(), 'Ledgers');
    new Ledger(stack, 'Ledger', { ledgerName: 'shop' });

    expect(only(resourcesOf(stack), 'AWS::IAM::Role', 'LedgerRelay').Properties.RoleName).toEqual({
      'Fn::Join': ['', ['shop-relay-', { Ref: 'AWS::Region' }]],
    });
  });

  test('the longest name fits the names that follow from it', () => {
    const longest = 'a'.repeat(24);
    const stack = new Stack(testApp(), 'Ledgers', { env: { account: '111122223333', region: 'ap-southeast-1' } });
    new Ledger(stack, 'Ledger', { ledgerName: longest });
    const resources = resourcesOf(stack);

    expect(only(resources, 'AWS::S3::Bucket').Properties.BucketName.length).toBeLessThanOrEqual(63);
    expect(only(resources, 'AWS::IAM::Role', 'LedgerRelay').Properties.RoleName.length).toBeLessThanOrEqual(64);
  });
});
