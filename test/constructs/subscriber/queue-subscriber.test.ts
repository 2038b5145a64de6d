import { Duration } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { beforeAll, describe, expect, test } from 'vitest';
import { defineEvent } from '../../../lib/contract/event.ts';
import { defineSubscriber } from '../../../lib/contract/subscriber.ts';
import { Ledger, QueueChannel, Subscriber } from '../../../lib/public/constructs.ts';
import {
  allowedBy,
  allowedTo,
  handlerIn,
  OrderCancelled,
  OrderPlaced,
  Orders,
  only,
  PaymentReceived,
  ReserveStock,
  type Resources,
  resourcesOf,
  SendReceipt,
  snapshotOf,
  tableIn,
  testStack,
} from '../shop-app.ts';

function shopWith(options: Partial<ConstructorParameters<typeof Subscriber>[2]> = {}) {
  const stack = testStack();
  const ledger = new Ledger(stack, 'Ledger');
  const channel = new QueueChannel(stack, 'Orders', { ledger, events: [OrderPlaced, OrderCancelled, PaymentReceived] });
  const handler: lambda.Function = handlerIn(stack);
  const stock = tableIn(stack);
  const { batchSize, maxBatchingWindow, maxConcurrency, retentionPeriod, deadline, tableActions } = options;
  const subscriber = new Subscriber(stack, 'Reserve', {
    channel,
    subscriber: ReserveStock,
    handler,
    tables: { stock },
    batchSize,
    maxBatchingWindow,
    maxConcurrency,
    retentionPeriod,
    deadline,
    tableActions,
  });
  return { stack, ledger, channel, subscriber };
}

describe('by default', () => {
  let template: Template;
  let resources: Resources;
  const id = (type: string, prefix: string) => only(resources, type, prefix).id;

  beforeAll(() => {
    const { stack } = shopWith();
    template = Template.fromStack(stack);
    resources = resourcesOf(stack);
  });

  test('the queue hides a message for six times the timeout, keeps it for 4 days, and gives it up after 100 receives', () => {
    expect(only(resources, 'AWS::SQS::Queue', 'ReserveQueue').Properties).toEqual({
      VisibilityTimeout: 120,
      MessageRetentionPeriod: 345_600,
      SqsManagedSseEnabled: true,
      RedrivePolicy: {
        deadLetterTargetArn: { 'Fn::GetAtt': [id('AWS::SQS::Queue', 'ReserveBackstopQueue'), 'Arn'] },
        maxReceiveCount: 100,
      },
    });
  });

  test('dead letters are kept for 14 days, and SQS knows their queue for one, so that its own redrive moves out of it', () => {
    const deadLetterQueue = only(resources, 'AWS::SQS::Queue', 'ReserveDeadLetterQueue');

    expect(deadLetterQueue.Properties).toEqual({ MessageRetentionPeriod: 1_209_600, SqsManagedSseEnabled: true });
    const sources = Object.entries(resources).filter(([, { Properties }]) =>
      JSON.stringify(Properties?.RedrivePolicy ?? '').includes(deadLetterQueue.id),
    );
    expect(sources.map(([name]) => name)).toEqual([id('AWS::SQS::Queue', 'ReserveBackstopQueue')]);
  });

  test('every queue refuses plain HTTP', () => {
    for (const queue of Object.keys(template.findResources('AWS::SQS::Queue'))) {
      template.hasResourceProperties('AWS::SQS::QueuePolicy', {
        Queues: [{ Ref: queue }],
        PolicyDocument: {
          Statement: Match.arrayWith([
            Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
          ]),
        },
      });
    }
  });

  test('the dead-letter queue lets the forwarder alone take letters out', () => {
    const { Properties } = only(resources, 'AWS::SQS::QueuePolicy', 'ReserveDeadLetterQueue');
    const allowed = Properties.PolicyDocument.Statement.filter(({ Effect }: { Effect: string }) => Effect === 'Allow');
    expect(allowed).toEqual([
      {
        Sid: 'Sweep',
        Effect: 'Allow',
        Action: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility'],
        Principal: { AWS: { 'Fn::GetAtt': [id('AWS::IAM::Role', 'LedgerForwarder'), 'Arn'] } },
        Resource: { 'Fn::GetAtt': [id('AWS::SQS::Queue', 'ReserveDeadLetterQueue'), 'Arn'] },
      },
    ]);
  });

  test('the handler reports partial failures of batches of ten', () => {
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      FunctionName: { Ref: id('AWS::Lambda::Function', 'Handler') },
      EventSourceArn: { 'Fn::GetAtt': [id('AWS::SQS::Queue', 'ReserveQueue'), 'Arn'] },
      BatchSize: 10,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      FilterCriteria: Match.absent(),
      ScalingConfig: Match.absent(),
    });
  });

  test('the handler is told where everything is', () => {
    expect(only(resources, 'AWS::Lambda::Function', 'Handler').Properties.Environment.Variables).toEqual({
      WAYBILL_LEDGER: { Ref: id('AWS::DynamoDB::GlobalTable', 'Ledger') },
      WAYBILL_SHARDS: '16',
      WAYBILL_SUBSCRIBER: 'reserve-stock',
      WAYBILL_QUEUE_URL: { Ref: id('AWS::SQS::Queue', 'ReserveQueue') },
      WAYBILL_DEAD_LETTER_QUEUE_URL: { Ref: id('AWS::SQS::Queue', 'ReserveDeadLetterQueue') },
      WAYBILL_QUARANTINE_BUCKET: { Ref: id('AWS::S3::Bucket', 'Ledger') },
      WAYBILL_TABLE_STOCK: { Ref: id('AWS::DynamoDB::GlobalTable', 'Stock') },
    });
  });

  test('the handler may do what the run time does, and nothing else', () => {
    expect(allowedTo(resources, id('AWS::Lambda::Function', 'Handler'))).toEqual({
      [`${id('AWS::DynamoDB::GlobalTable', 'Ledger')}.Arn`]: [
        'dynamodb:DeleteItem',
        'dynamodb:GetItem',
        'dynamodb:PutItem',
        'dynamodb:UpdateItem',
      ],
      [`${id('AWS::DynamoDB::GlobalTable', 'Stock')}.Arn`]: [
        'dynamodb:ConditionCheckItem',
        'dynamodb:DeleteItem',
        'dynamodb:GetItem',
        'dynamodb:PutItem',
        'dynamodb:UpdateItem',
      ],
      [`${id('AWS::SQS::Queue', 'ReserveQueue')}.Arn`]: [
        'sqs:ChangeMessageVisibility',
        'sqs:DeleteMessage',
        'sqs:GetQueueAttributes',
        'sqs:ReceiveMessage',
      ],
      [`${id('AWS::SQS::Queue', 'ReserveDeadLetterQueue')}.Arn`]: ['sqs:SendMessage'],
      [`${id('AWS::S3::Bucket', 'Ledger')}.Arn/reserve-stock/*`]: ['s3:PutObject'],
    });
  });

  test('the recorder empties the backstop into the ledger and the dead-letter queue', () => {
    const recorder = only(resources, 'AWS::Lambda::Function', 'ReserveRecorder');

    expect(recorder.Properties.Environment.Variables).toEqual({
      WAYBILL_LEDGER: { Ref: id('AWS::DynamoDB::GlobalTable', 'Ledger') },
      WAYBILL_SHARDS: '16',
      WAYBILL_SUBSCRIBER: 'reserve-stock',
      WAYBILL_DEAD_LETTER_QUEUE_URL: { Ref: id('AWS::SQS::Queue', 'ReserveDeadLetterQueue') },
      WAYBILL_QUARANTINE_BUCKET: { Ref: id('AWS::S3::Bucket', 'Ledger') },
    });
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      FunctionName: { Ref: recorder.id },
      EventSourceArn: { 'Fn::GetAtt': [id('AWS::SQS::Queue', 'ReserveBackstopQueue'), 'Arn'] },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
    expect(only(resources, 'AWS::SQS::Queue', 'ReserveBackstopQueue').Properties).toEqual({
      VisibilityTimeout: 6 * recorder.Properties.Timeout,
      MessageRetentionPeriod: 1_209_600,
      SqsManagedSseEnabled: true,
      RedrivePolicy: {
        deadLetterTargetArn: { 'Fn::GetAtt': [id('AWS::SQS::Queue', 'ReserveDeadLetterQueue'), 'Arn'] },
        maxReceiveCount: 1_000,
      },
    });
    expect(allowedTo(resources, recorder.id)).toEqual({
      [`${id('AWS::DynamoDB::GlobalTable', 'Ledger')}.Arn`]: [
        'dynamodb:DeleteItem',
        'dynamodb:GetItem',
        'dynamodb:PutItem',
        'dynamodb:UpdateItem',
      ],
      [`${id('AWS::SQS::Queue', 'ReserveBackstopQueue')}.Arn`]: [
        'sqs:DeleteMessage',
        'sqs:GetQueueAttributes',
        'sqs:ReceiveMessage',
      ],
      [`${id('AWS::SQS::Queue', 'ReserveDeadLetterQueue')}.Arn`]: ['sqs:SendMessage'],
      [`${id('AWS::S3::Bucket', 'Ledger')}.Arn/reserve-stock/*`]: ['s3:PutObject'],
      [`${id('AWS::Logs::LogGroup', 'ReserveRecorder')}.Arn`]: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    });
  });

  test('its route is written once the queue is there and the relay may send to it', () => {
    const route = only(resources, 'Custom::WaybillRoute');
    const queue = id('AWS::SQS::Queue', 'ReserveQueue');
    const permission = only(resources, 'AWS::SQS::QueuePolicy', 'ReserveQueuePolicy');

    expect(route.Properties).toMatchObject({
      ServiceToken: { 'Fn::GetAtt': [id('AWS::Lambda::Function', 'LedgerRegisterRoutes'), 'Arn'] },
      subscriber: 'reserve-stock',
      events: [
        { type: 'order.placed', businessLine: 'orders' },
        { type: 'order.cancelled', businessLine: 'orders' },
      ],
      destination: { kind: 'queue', url: { Ref: queue } },
      deadline: 90_000,
    });
    // Code that knows the event is there before the route.
    const handler = id('AWS::Lambda::Function', 'Handler');
    expect(route.DependsOn).toEqual(expect.arrayContaining([queue, permission.id, handler]));
    const senders = ['LedgerRelay', 'LedgerForwarder', 'LedgerSweepRole'];
    const reconciler = id('AWS::IAM::Role', 'LedgerReconcilerRole');
    expect(allowedBy(resources, queue)).toEqual({
      'sqs:SendMessage': [...senders.map((sender) => id('AWS::IAM::Role', sender)), reconciler],
      'sqs:GetQueueAttributes': [reconciler],
    });
  });
});

test('its resources are these', () => {
  const { stack } = shopWith();

  const besides = Object.entries(snapshotOf(stack)).filter(([id]) => !/^(Ledger|Handler[A-F0-9]|Stock)/.test(id));
  expect(Object.fromEntries(besides)).toMatchSnapshot();
});

test('a short-lived event is kept for a day longer than it lives', () => {
  const stack = testStack();
  const { type, schema, key, businessLine } = OrderPlaced;
  const Hourly = defineEvent(type, { schema, key, businessLine, lifetime: '1h' });
  const channel = new QueueChannel(stack, 'Orders', { ledger: new Ledger(stack, 'Ledger'), events: [Hourly] });
  channel.addSubscriber(defineSubscriber('audit', { consumes: [Hourly] }), { handler: handlerIn(stack) });

  expect(only(resourcesOf(stack), 'AWS::SQS::Queue', 'OrdersauditQueue').Properties).toMatchObject({
    MessageRetentionPeriod: 25 * 3_600,
  });
});

test('what may be chosen is chosen', () => {
  const { stack } = shopWith({
    batchSize: 500,
    maxBatchingWindow: Duration.seconds(5),
    maxConcurrency: 20,
    retentionPeriod: Duration.days(1),
    deadline: Duration.minutes(3),
    tableActions: { stock: ['dynamodb:UpdateItem'] },
  });
  const template = Template.fromStack(stack);
  const resources = resourcesOf(stack);

  template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
    BatchSize: 500,
    MaximumBatchingWindowInSeconds: 5,
    ScalingConfig: { MaximumConcurrency: 20 },
  });
  expect(only(resources, 'AWS::SQS::Queue', 'ReserveQueue').Properties).toMatchObject({
    VisibilityTimeout: 6 * 20 + 5,
    MessageRetentionPeriod: 86_400,
  });
  expect(only(resources, 'Custom::WaybillRoute').Properties.deadline).toBe(180_000);
  const stock = only(resources, 'AWS::DynamoDB::GlobalTable', 'Stock').id;
  const handler = only(resources, 'AWS::Lambda::Function', 'Handler').id;
  expect(allowedTo(resources, handler)[`${stock}.Arn`]).toEqual(['dynamodb:UpdateItem']);
});

test('a message is hidden for 30 seconds at least', () => {
  const stack = testStack();
  const ledger = new Ledger(stack, 'Ledger');
  const channel = new QueueChannel(stack, 'Payments', { ledger, events: [PaymentReceived] });
  channel.addSubscriber(SendReceipt, { handler: handlerIn(stack, 'Handler', Duration.seconds(1)) });

  const queue = only(resourcesOf(stack), 'AWS::SQS::Queue', 'PaymentssendreceiptQueue');
  expect(queue.Properties.VisibilityTimeout).toBe(30);
});

test('addSubscriber adds below the channel what new Subscriber adds elsewhere', () => {
  const stack = testStack();
  const ledger = new Ledger(stack, 'Ledger');
  const channel = new QueueChannel(stack, 'Orders', { ledger, events: [OrderPlaced, OrderCancelled] });
  const subscriber = channel.addSubscriber(ReserveStock, {
    handler: handlerIn(stack),
    tables: { stock: tableIn(stack) },
  });

  expect(subscriber).toBeInstanceOf(Subscriber);
  expect(subscriber.node.path).toBe('Shop/Orders/reserve-stock');
});

test('its metrics are those of its queues', () => {
  const { stack, subscriber } = shopWith();
  const period = Duration.minutes(1);
  const named = (queue: { queueName: string }) => ({ QueueName: stack.resolve(queue.queueName) });

  const dead = subscriber.metricDeadLetters({ period });
  expect(dead).toMatchObject({ metricName: 'ApproximateNumberOfMessagesVisible', statistic: 'Maximum', period });
  expect(stack.resolve(dead.dimensions)).toEqual(named(subscriber.deadLetterQueue));
  const oldest = subscriber.metricOldestMessageAge();
  expect(oldest).toMatchObject({ metricName: 'ApproximateAgeOfOldestMessage', statistic: 'Maximum' });
  expect(stack.resolve(oldest.dimensions)).toEqual(named(subscriber.queue));
  expect(stack.resolve(subscriber.metricBacklog().dimensions)).toEqual(named(subscriber.queue));
  expect(stack.resolve(subscriber.metricBackstopMessages().dimensions)).toEqual(named(subscriber.backstopQueue));
});

test('a producer that is no handler may put rows into the ledger and write its tables', () => {
  const { stack, channel } = shopWith();
  const producer = handlerIn(stack, 'PlaceOrder');
  const orders = tableIn(stack, 'OrdersTable', 'orderId');
  channel.grantPublish(producer, { writes: [Orders], tables: { orders } });
  const resources = resourcesOf(stack);

  const { id, Properties } = only(resources, 'AWS::Lambda::Function', 'PlaceOrder');
  expect(Properties.Environment.Variables).toEqual({
    WAYBILL_LEDGER: { Ref: only(resources, 'AWS::DynamoDB::GlobalTable', 'Ledger').id },
    WAYBILL_SHARDS: '16',
    WAYBILL_FORMATS: 'ledger',
    WAYBILL_PRODUCER: 'PlaceOrder',
    WAYBILL_TABLE_ORDERS: { Ref: only(resources, 'AWS::DynamoDB::GlobalTable', 'OrdersTable').id },
  });
  const allowed = allowedTo(resources, id);
  expect(allowed[`${only(resources, 'AWS::DynamoDB::GlobalTable', 'Ledger').id}.Arn`]).toEqual([
    'dynamodb:GetItem',
    'dynamodb:PutItem',
  ]);
  expect(Object.keys(allowed)).toHaveLength(2);
});
