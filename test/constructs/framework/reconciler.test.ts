import type { Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import { beforeAll, describe, expect, test } from 'vitest';
import { Ledger, type LedgerProps, QueueChannel, StreamChannel, Subscriber } from '../../../lib/public/constructs.ts';
import {
  allowedBy,
  allowedTo,
  CountSales,
  handlerIn,
  OrderCancelled,
  OrderPlaced,
  only,
  PaymentReceived,
  ReserveStock,
  type Resources,
  resourcesOf,
  SendReceipt,
  tableIn,
  testApp,
  testStack,
} from '../shop-app.ts';

function ledgerWith(props: LedgerProps = {}) {
  const stack = testStack();
  const ledger = new Ledger(stack, 'Ledger', props);
  return { stack, ledger, resources: resourcesOf(stack), template: Template.fromStack(stack) };
}

describe('by default', () => {
  let template: Template;
  let resources: Resources;

  beforeAll(() => {
    ({ template, resources } = ledgerWith());
  });

  test('the ledger reconciles itself every minute, and a run that cannot be started is kept', () => {
    const { id } = only(resources, 'AWS::Lambda::Function', 'LedgerReconciler');
    const queue = only(resources, 'AWS::SQS::Queue', 'LedgerReconcilerEveryMinute');

    template.hasResourceProperties('AWS::Scheduler::Schedule', {
      Description: 'Waybill: reconciles the ledger',
      ScheduleExpression: 'rate(1 minute)',
      FlexibleTimeWindow: { Mode: 'OFF' },
      State: 'ENABLED',
      Target: {
        Arn: { 'Fn::GetAtt': [id, 'Arn'] },
        DeadLetterConfig: { Arn: { 'Fn::GetAtt': [queue.id, 'Arn'] } },
        RetryPolicy: { MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 0 },
        Input: '{"run":"compare"}',
      },
    });
    template.hasResourceProperties('AWS::Scheduler::Schedule', {
      Description: 'Waybill: heals the ledger',
      ScheduleExpression: 'rate(1 minute)',
      Target: { Arn: { 'Fn::GetAtt': [id, 'Arn'] }, Input: '{"run":"heal"}' },
    });
    expect(queue.Properties).toMatchObject({ MessageRetentionPeriod: 1_209_600, SqsManagedSseEnabled: true });
  });

  test('one run that compares and one that heals are not overtaken by the next, and no run piles up behind them', () => {
    const { id, Properties } = only(resources, 'AWS::Lambda::Function', 'LedgerReconciler');

    expect(Properties).toMatchObject({ ReservedConcurrentExecutions: 2, Timeout: 300 });
    template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
      FunctionName: { Ref: id },
      MaximumEventAgeInSeconds: 60,
      MaximumRetryAttempts: 0,
    });
  });

  test('the schedule has a role of its own, which may start the reconciler and keep what it could not start', () => {
    const role = only(resources, 'AWS::IAM::Role', 'LedgerReconcilerEveryMinute');
    const policies = Object.entries(resources).filter(
      ([, { Type, Properties }]) => Type === 'AWS::IAM::Policy' && Properties.Roles[0].Ref === role.id,
    );

    expect(role.Properties.AssumeRolePolicyDocument.Statement).toEqual([
      {
        Action: 'sts:AssumeRole',
        Effect: 'Allow',
        Principal: { Service: 'scheduler.amazonaws.com' },
        Condition: { StringEquals: { 'aws:SourceAccount': '111122223333' } },
      },
    ]);
    const reconciler = only(resources, 'AWS::Lambda::Function', 'LedgerReconciler').id;
    const queue = only(resources, 'AWS::SQS::Queue', 'LedgerReconcilerEveryMinute').id;
    expect(policies.flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement)).toEqual([
      { Action: 'lambda:InvokeFunction', Effect: 'Allow', Resource: { 'Fn::GetAtt': [reconciler, 'Arn'] } },
      { Action: 'sqs:SendMessage', Effect: 'Allow', Resource: { 'Fn::GetAtt': [queue, 'Arn'] } },
    ]);
    // Scheduler checks, when a schedule is created, that it may use the role.
    expect(only(resources, 'AWS::Scheduler::Schedule', 'LedgerReconcilerEveryMinuteSchedule').DependsOn).toContain(
      policies[0]![0],
    );
  });

  test('the reconciler may read and write rows of the table, send what is pending, quarantine what nobody ended, ask for event sources, and put its own metrics', () => {
    const { id } = only(resources, 'AWS::Lambda::Function', 'LedgerReconciler');
    const table = only(resources, 'AWS::DynamoDB::GlobalTable').id;
    const forward = only(resources, 'AWS::SQS::Queue', 'LedgerForwardQueue').id;
    const log = only(resources, 'AWS::Logs::LogGroup', 'LedgerReconciler').id;
    const bucket = only(resources, 'AWS::S3::Bucket').id;

    expect(allowedTo(resources, id)).toEqual({
      [`${table}.Arn`]: [
        'dynamodb:BatchGetItem',
        'dynamodb:DeleteItem',
        'dynamodb:DescribeTable',
        'dynamodb:GetItem',
        'dynamodb:PutItem',
        'dynamodb:Query',
        'dynamodb:UpdateItem',
      ],
      [`${forward}.Arn`]: ['sqs:SendMessage'],
      [`${bucket}.Arn/unfinished/*`]: ['s3:PutObject'],
      '*': ['cloudwatch:PutMetricData', 'lambda:ListEventSourceMappings'],
      [`${log}.Arn`]: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    });
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Action: 'cloudwatch:PutMetricData',
            Condition: { StringEquals: { 'cloudwatch:namespace': 'Waybill' } },
          }),
        ]),
      },
    });
  });
});

test('what may be chosen is chosen', () => {
  const { resources } = ledgerWith({ reconcile: { reserveConcurrency: false, memorySize: 1024 } });
  const { Properties } = only(resources, 'AWS::Lambda::Function', 'LedgerReconciler');

  expect(Properties.MemorySize).toBe(1024);
  expect(Properties).not.toHaveProperty('ReservedConcurrentExecutions');
});

test('a ledger that does not reconcile has no reconciler, and its subscribers allow none', () => {
  const stack = testStack();
  const ledger = new Ledger(stack, 'Ledger', { reconcile: false });
  const orders = new QueueChannel(stack, 'Orders', { ledger, events: [OrderPlaced, OrderCancelled] });
  orders.addSubscriber(ReserveStock, { handler: handlerIn(stack), tables: { stock: tableIn(stack) } });
  const template = Template.fromStack(stack);

  expect(ledger.reconciler).toBeUndefined();
  template.resourcePropertiesCountIs('AWS::Scheduler::Schedule', { Description: 'Waybill: reconciles the ledger' }, 0);
  template.resourcePropertiesCountIs('AWS::IAM::Policy', { PolicyName: Match.stringLikeRegexp('^heal-') }, 0);
});

test('with a customer key, the reconciler may use it, and the schedule may send to the queue that it encrypts', () => {
  const stack = testStack();
  new Ledger(stack, 'Ledger', { encryptionKey: new kms.Key(stack, 'Key') });
  const resources = resourcesOf(stack);
  const key = { 'Fn::GetAtt': [only(resources, 'AWS::KMS::Key').id, 'Arn'] };

  expect(only(resources, 'AWS::SQS::Queue', 'LedgerReconciler').Properties.KmsMasterKeyId).toEqual(key);
  Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
    Roles: [{ Ref: only(resources, 'AWS::IAM::Role', 'LedgerReconcilerEveryMinute').id }],
    PolicyDocument: {
      Statement: Match.arrayWith([{ Effect: 'Allow', Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Resource: key }]),
    },
  });
});

describe('a subscriber', () => {
  function subscribed(subscribers: Stack, ledgers: Stack) {
    const ledger = new Ledger(ledgers, 'Ledger');
    const orders = new QueueChannel(ledgers, 'Orders', { ledger, events: [OrderPlaced, OrderCancelled] });
    const sales = new StreamChannel(ledgers, 'Sales', { ledger, events: [OrderPlaced] });
    new Subscriber(subscribers, 'Reserve', {
      channel: orders,
      subscriber: ReserveStock,
      handler: handlerIn(subscribers),
      tables: { stock: tableIn(subscribers) },
    });
    new Subscriber(subscribers, 'Count', {
      channel: sales,
      subscriber: CountSales,
      handler: handlerIn(subscribers, 'CountHandler'),
      tables: { 'sales-counts': tableIn(subscribers, 'Counts') },
    });
  }

  test.each(['Reserve', 'Count'])('%s lets the reconciler look at its own queue and send to it, nothing else', (id) => {
    const app = testApp();
    const [ledgers, subscribers] = [testStack('Ledgers', app), testStack('Subscribers', app)];
    subscribed(subscribers, ledgers);
    const resources = resourcesOf(subscribers);

    const allowed = allowedBy(resources, only(resources, 'AWS::SQS::Queue', `${id}Queue`).id);
    const reconciler = expect.stringContaining('LedgerReconciler');
    expect(Object.keys(allowed)).toEqual(['sqs:SendMessage', 'sqs:GetQueueAttributes']);
    expect(allowed['sqs:SendMessage']?.at(-1)).toEqual(reconciler);
    expect(allowed['sqs:GetQueueAttributes']).toEqual([reconciler]);
  });

  test("of a ledger of another app lets that ledger's reconciler heal it, by its name", () => {
    const theirs = ledgerWith({ ledgerName: 'shop' }).resources;
    const stack = testStack('Ours');
    const ledger = Ledger.fromLedgerName(stack, 'Ledger', 'shop');
    const payments = new QueueChannel(stack, 'Payments', { ledger, events: [PaymentReceived] });
    payments.addSubscriber(SendReceipt, { handler: handlerIn(stack) });

    const { RoleName } = only(theirs, 'AWS::IAM::Role', 'LedgerReconcilerRole').Properties;
    expect(RoleName).toBe('shop-reconcile-eu-central-1');
    const resources = resourcesOf(stack);
    const queue = only(resources, 'AWS::SQS::Queue', 'PaymentssendreceiptQueue').id;
    expect(allowedBy(resources, queue)['sqs:GetQueueAttributes']).toEqual([RoleName]);
  });

  test('of a ledger of another app that does not reconcile allows nobody', () => {
    const stack = testStack('Ours');
    const ledger = Ledger.fromLedgerName(stack, 'Ledger', 'shop', { reconciles: false });
    const payments = new QueueChannel(stack, 'Payments', { ledger, events: [PaymentReceived] });
    payments.addSubscriber(SendReceipt, { handler: handlerIn(stack) });

    expect(JSON.stringify(resourcesOf(stack))).not.toContain('shop-reconcile');
  });
});

describe('a ledger with many shards', () => {
  const large = ledgerWith({ shards: 256 }).resources;

  test('is compared by workers, which have the role of the reconciler and a queue that keeps nothing for long', () => {
    const reconciler = only(large, 'AWS::Lambda::Function', 'LedgerReconcilerFunction');
    const worker = only(large, 'AWS::Lambda::Function', 'LedgerReconcilerWorkersWorker');
    const queue = only(large, 'AWS::SQS::Queue', 'LedgerReconcilerWorkersQueue');
    const source = only(large, 'AWS::Lambda::EventSourceMapping', 'LedgerReconcilerWorkersWorker');

    expect(worker.Properties.Role).toEqual(reconciler.Properties.Role);
    expect(worker.Properties.Code).toEqual(reconciler.Properties.Code);
    expect(worker.Properties).not.toHaveProperty('ReservedConcurrentExecutions');
    expect(reconciler.Properties.Environment.Variables.WAYBILL_RECONCILE_QUEUE_URL).toEqual({ Ref: queue.id });
    expect(worker.Properties.Environment.Variables).not.toHaveProperty('WAYBILL_RECONCILE_QUEUE_URL');
    expect(queue.Properties).toMatchObject({ MessageRetentionPeriod: 300, VisibilityTimeout: 1_800 });
    expect(source.Properties).toMatchObject({ BatchSize: 1, ScalingConfig: { MaximumConcurrency: 3 } });
    const role = only(large, 'AWS::IAM::Role', 'LedgerReconcilerRole').id;
    const policies = Object.values(large).filter(
      ({ Type, Properties }) => Type === 'AWS::IAM::Policy' && Properties.Roles[0].Ref === role,
    );
    expect(JSON.stringify(policies)).toContain(`"${queue.id}"`);
  });

  test('may have as many workers as it is told to, and with few shards has none', () => {
    const { resources } = ledgerWith({ shards: 16, reconcile: { workers: 5 } });

    expect(
      only(resources, 'AWS::Lambda::EventSourceMapping', 'LedgerReconcilerWorkersWorker').Properties,
    ).toMatchObject({
      ScalingConfig: { MaximumConcurrency: 5 },
    });
    expect(JSON.stringify(ledgerWith({ shards: 64 }).resources)).not.toContain('ReconcilerWorkers');
  });

  test.each([0, 1, 1_001, 2.5, Number.NaN])('refuses %s workers', (workers) => {
    expect(() => ledgerWith({ reconcile: { workers } })).toThrow(/`workers` is .*: give a whole number from 2 to 1000/);
  });
});
