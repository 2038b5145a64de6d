import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as kinesis from 'aws-cdk-lib/aws-kinesis';
import { beforeAll, describe, expect, test } from 'vitest';
import { Ledger, StreamChannel, type StreamChannelProps, Subscriber } from '../../../lib/public/constructs.ts';
import {
  allowedTo,
  CountSales,
  handlerIn,
  OrderPlaced,
  only,
  PaymentReceived,
  type Resources,
  resourcesOf,
  SendReceipt,
  snapshotOf,
  tableIn,
  testStack,
} from '../shop-app.ts';

function shopWith(options: Partial<StreamChannelProps<never>> = {}) {
  const stack = testStack();
  const ledger = new Ledger(stack, 'Ledger');
  const channel = new StreamChannel(stack, 'Sales', { ...options, ledger, events: [OrderPlaced, PaymentReceived] });
  const subscriber = new Subscriber(stack, 'Count', {
    channel,
    subscriber: CountSales,
    handler: handlerIn(stack),
    tables: { 'sales-counts': tableIn(stack, 'Counts') },
    maxConcurrency: 5,
  });
  return { stack, ledger, channel, subscriber };
}

describe('by default', () => {
  let template: Template;
  let resources: Resources;
  const id = (type: string, prefix = '') => only(resources, type, prefix).id;

  beforeAll(() => {
    const { stack } = shopWith();
    template = Template.fromStack(stack);
    resources = resourcesOf(stack);
  });

  test('the stream is on demand, encrypted, and kept when the stack goes', () => {
    template.hasResource('AWS::Kinesis::Stream', {
      DeletionPolicy: 'Retain',
      Properties: {
        StreamModeDetails: { StreamMode: 'ON_DEMAND' },
        StreamEncryption: { EncryptionType: 'KMS', KeyId: 'alias/aws/kinesis' },
      },
    });
  });

  test('the handler reads it from its first record on, reports partial failures, and loses no batch that it gives up', () => {
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      FunctionName: { Ref: id('AWS::Lambda::Function', 'Handler') },
      EventSourceArn: { 'Fn::GetAtt': [id('AWS::Kinesis::Stream'), 'Arn'] },
      StartingPosition: 'TRIM_HORIZON',
      BatchSize: 100,
      BisectBatchOnFunctionError: true,
      MaximumRetryAttempts: 10,
      MaximumRecordAgeInSeconds: 43_200,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': [id('AWS::S3::Bucket'), 'Arn'] } } },
      FilterCriteria: Match.absent(),
    });
    const source = only(resources, 'AWS::Lambda::EventSourceMapping', 'HandlerWaybillStream');
    expect(source.DependsOn).toContain(id('AWS::IAM::Policy', 'HandlerWaybillDiscarded'));
  });

  test('failed records come again from a retry queue, on the same handler', () => {
    const queue = only(resources, 'AWS::SQS::Queue', 'CountQueue');

    expect(queue.Properties).toMatchObject({ VisibilityTimeout: 120, MessageRetentionPeriod: 345_600 });
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      FunctionName: { Ref: id('AWS::Lambda::Function', 'Handler') },
      EventSourceArn: { 'Fn::GetAtt': [queue.id, 'Arn'] },
      BatchSize: 10,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 5 },
    });
    expect(only(resources, 'AWS::Lambda::Function', 'Handler').Properties.Environment.Variables).toMatchObject({
      WAYBILL_SUBSCRIBER: 'count-sales',
      WAYBILL_QUEUE_URL: { Ref: queue.id },
      WAYBILL_DEAD_LETTER_QUEUE_URL: { Ref: id('AWS::SQS::Queue', 'CountDeadLetterQueue') },
      WAYBILL_TABLE_SALES_COUNTS: { Ref: id('AWS::DynamoDB::GlobalTable', 'Counts') },
    });
  });

  test('the handler may read the stream, park in its queue and discard batches', () => {
    const allowed = allowedTo(resources, id('AWS::Lambda::Function', 'Handler'));

    expect(allowed).toMatchObject({
      [`${id('AWS::Kinesis::Stream')}.Arn`]: [
        'kinesis:DescribeStream',
        'kinesis:DescribeStreamSummary',
        'kinesis:GetRecords',
        'kinesis:GetShardIterator',
        'kinesis:ListShards',
        'kinesis:ListStreams',
      ],
      [`${id('AWS::S3::Bucket')}.Arn/aws/lambda/*`]: ['s3:PutObject'],
      [`${id('AWS::S3::Bucket')}.Arn/count-sales/*`]: ['s3:PutObject'],
      [`${id('AWS::S3::Bucket')}.Arn`]: ['s3:ListBucket'],
    });
    expect(allowed[`${id('AWS::SQS::Queue', 'CountQueue')}.Arn`]).toContain('sqs:SendMessage');
  });

  test('its route names the stream, once the relay may put records into it', () => {
    const route = only(resources, 'Custom::WaybillRoute');
    const permission = only(resources, 'AWS::IAM::Policy', 'SalesRelayMaySend');

    expect(route.Properties.destination).toEqual({
      kind: 'stream',
      name: { Ref: id('AWS::Kinesis::Stream') },
      retryQueueUrl: { Ref: id('AWS::SQS::Queue', 'CountQueue') },
      deadLetterQueueUrl: { Ref: id('AWS::SQS::Queue', 'CountDeadLetterQueue') },
    });
    expect(route.DependsOn).toContain(permission.id);
    expect(permission.Properties.PolicyDocument.Statement).toEqual([
      {
        Effect: 'Allow',
        Action: 'kinesis:PutRecords',
        Resource: { 'Fn::GetAtt': [id('AWS::Kinesis::Stream'), 'Arn'] },
      },
    ]);
  });
});

test('its resources are these', () => {
  const { stack } = shopWith();

  const besides = Object.entries(snapshotOf(stack)).filter(([id]) => !/^(Ledger|Handler[A-F0-9]|Counts)/.test(id));
  expect(Object.fromEntries(besides)).toMatchSnapshot();
});

test('several subscribers share the stream and the relay needs one permission', () => {
  const { stack, channel } = shopWith();
  channel.addSubscriber(SendReceipt, { handler: handlerIn(stack, 'Other') });

  const template = Template.fromStack(stack);
  template.resourceCountIs('AWS::Kinesis::Stream', 1);
  template.resourceCountIs('Custom::WaybillRoute', 2);
  const permissions = Object.keys(template.findResources('AWS::IAM::Policy')).filter((id) =>
    id.includes('RelayMaySend'),
  );
  expect(permissions).toHaveLength(1);
});

test('what may be chosen is chosen', () => {
  const stack = testStack();
  const ledger = new Ledger(stack, 'Ledger');
  const channel = new StreamChannel(stack, 'Sales', {
    ledger,
    events: [OrderPlaced],
    shardCount: 3,
    retentionPeriod: Duration.days(7),
    removalPolicy: RemovalPolicy.DESTROY,
  });
  channel.addSubscriber(CountSales, {
    handler: handlerIn(stack),
    tables: { 'sales-counts': tableIn(stack) },
    batchSize: 2000,
    maxBatchingWindow: Duration.seconds(60),
    parallelizationFactor: 4,
  });
  const template = Template.fromStack(stack);

  template.hasResource('AWS::Kinesis::Stream', {
    DeletionPolicy: 'Delete',
    Properties: {
      ShardCount: 3,
      StreamModeDetails: { StreamMode: 'PROVISIONED' },
      RetentionPeriodHours: 168,
    },
  });
  template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
    StartingPosition: 'TRIM_HORIZON',
    BatchSize: 2000,
    MaximumBatchingWindowInSeconds: 60,
    ParallelizationFactor: 4,
  });
  // The window is the stream's: the retry queue does not wait.
  expect(only(resourcesOf(stack), 'AWS::SQS::Queue', 'SalescountsalesQueue').Properties.VisibilityTimeout).toBe(120);
});

test('a stream that is there already is used as it is', () => {
  const stack = testStack();
  const stream = kinesis.Stream.fromStreamArn(
    stack,
    'Theirs',
    'arn:aws:kinesis:eu-central-1:111122223333:stream/sales',
  );
  const ledger = new Ledger(stack, 'Ledger');
  const channel = new StreamChannel(stack, 'Sales', { ledger, events: [OrderPlaced], stream });
  channel.addSubscriber(CountSales, { handler: handlerIn(stack), tables: { 'sales-counts': tableIn(stack) } });

  const template = Template.fromStack(stack);
  template.resourceCountIs('AWS::Kinesis::Stream', 0);
  template.hasResourceProperties('Custom::WaybillRoute', { destination: { kind: 'stream', name: 'sales' } });
});

test('its lag is the iterator age of its handler', () => {
  const { stack, subscriber } = shopWith();
  const lag = subscriber.metricIteratorAge();

  expect(lag).toMatchObject({ namespace: 'AWS/Lambda', metricName: 'IteratorAge', statistic: 'Maximum' });
  expect(stack.resolve(lag.dimensions)).toEqual({ FunctionName: stack.resolve(subscriber.handler.functionName) });
});
