import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as logs from 'aws-cdk-lib/aws-logs';
import { beforeAll, describe, expect, test } from 'vitest';
import { Ledger } from '../../../lib/public/constructs.ts';
import { allowedTo, only, type Resources, resourcesOf, snapshotOf, testStack } from '../shop-app.ts';

describe('by default', () => {
  let template: Template;
  let resources: Resources;

  beforeAll(() => {
    const stack = testStack();
    new Ledger(stack, 'Ledger');
    template = Template.fromStack(stack);
    resources = resourcesOf(stack);
  });

  test('the table is on demand, encrypted, recoverable, protected, and kept when the stack goes', () => {
    template.hasResource('AWS::DynamoDB::GlobalTable', {
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
        StreamSpecification: { StreamViewType: 'NEW_IMAGE' },
        TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
        SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
        Replicas: [
          Match.objectLike({
            DeletionProtectionEnabled: true,
            PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
          }),
        ],
      },
    });
  });

  test('quarantined bytes are private, encrypted, sent by TLS only, and expire', () => {
    template.hasResource('AWS::S3::Bucket', {
      DeletionPolicy: 'Retain',
      Properties: {
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
        },
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        LifecycleConfiguration: { Rules: [Match.objectLike({ ExpirationInDays: 30, Status: 'Enabled' })] },
      },
    });
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: [
          Match.objectLike({
            Effect: 'Deny',
            Action: 's3:*',
            Condition: { Bool: { 'aws:SecureTransport': 'false' } },
          }),
        ],
      },
    });
  });

  test('the relay wakes on new messages and half messages and on nothing else, from the first on, and loses no batch that it gives up', () => {
    const bucket = only(resources, 'AWS::S3::Bucket').id;
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      StartingPosition: 'TRIM_HORIZON',
      BatchSize: 500,
      ParallelizationFactor: 2,
      BisectBatchOnFunctionError: true,
      MaximumRetryAttempts: 100,
      MaximumRecordAgeInSeconds: 43_200,
      FunctionResponseTypes: Match.absent(),
      DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': [bucket, 'Arn'] } } },
    });
    const { Filters } = only(resources, 'AWS::Lambda::EventSourceMapping', 'LedgerRelay').Properties.FilterCriteria;
    expect(Filters.map(({ Pattern }: { Pattern: string }) => JSON.parse(Pattern))).toEqual([
      { eventName: ['INSERT'], dynamodb: { Keys: { pk: { S: [{ prefix: 'out#' }, { prefix: 'half#' }] } } } },
    ]);
  });

  test('its event source is not created before it may write to its failure destination', () => {
    const discarded = only(resources, 'AWS::IAM::Policy', 'LedgerRelayWaybillDiscarded').id;

    expect(only(resources, 'AWS::Lambda::EventSourceMapping', 'LedgerRelay').DependsOn).toContain(discarded);
  });

  test('its functions run on Node 24, know the ledger and its shards, and their logs expire', () => {
    const table = only(resources, 'AWS::DynamoDB::GlobalTable').id;
    const functions = Object.values(resources).filter(({ Type }) => Type === 'AWS::Lambda::Function');

    expect(functions).toHaveLength(5);
    for (const { Properties } of functions) {
      expect(Properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Environment: { Variables: { WAYBILL_LEDGER: { Ref: table }, WAYBILL_SHARDS: '16' } },
      });
      const group = resources[Properties.LoggingConfig.LogGroup.Ref as string];
      expect(group?.Properties.RetentionInDays).toBe(30);
    }
  });

  test('the relay may read routes, write receipts, put messages to wait, read the stream and discard batches, and send to no subscriber', () => {
    const table = only(resources, 'AWS::DynamoDB::GlobalTable').id;
    const bucket = only(resources, 'AWS::S3::Bucket').id;
    const forward = only(resources, 'AWS::SQS::Queue', 'LedgerForwardQueue').id;
    const log = only(resources, 'AWS::Logs::LogGroup', 'LedgerRelay').id;

    expect(allowedTo(resources, only(resources, 'AWS::Lambda::Function', 'LedgerRelay').id)).toEqual({
      [`${table}.Arn`]: ['dynamodb:BatchWriteItem', 'dynamodb:PutItem', 'dynamodb:Query'],
      [`${forward}.Arn`]: ['sqs:SendMessage'],
      [`${table}.StreamArn`]: [
        'dynamodb:DescribeStream',
        'dynamodb:GetRecords',
        'dynamodb:GetShardIterator',
        'dynamodb:ListStreams',
      ],
      [`${bucket}.Arn/aws/lambda/*`]: ['s3:PutObject'],
      [`${bucket}.Arn`]: ['s3:ListBucket'],
      [`${log}.Arn`]: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    });
  });

  test('the route registrar may read and write rows of the table, and nothing else', () => {
    const table = only(resources, 'AWS::DynamoDB::GlobalTable').id;
    const log = only(resources, 'AWS::Logs::LogGroup', 'LedgerRegisterRoutes').id;

    expect(allowedTo(resources, only(resources, 'AWS::Lambda::Function', 'LedgerRegisterRoutes').id)).toEqual({
      [`${table}.Arn`]: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query'],
      [`${log}.Arn`]: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    });
  });

  test('CloudFormation chooses every name', () => {
    for (const { Properties } of Object.values(resources)) {
      for (const name of ['TableName', 'BucketName', 'FunctionName', 'RoleName', 'LogGroupName', 'QueueName']) {
        // Some name the function that they are of.
        if (name === 'FunctionName' && Properties.FunctionName?.Ref) continue;
        expect(Properties).not.toHaveProperty(name);
      }
    }
  });
});

test('its resources are these', () => {
  const stack = testStack();
  new Ledger(stack, 'Ledger');

  expect(snapshotOf(stack)).toMatchSnapshot();
});

test('what may be chosen is chosen', () => {
  const stack = testStack();
  const ledger = new Ledger(stack, 'Ledger', {
    shards: 64,
    removalPolicy: RemovalPolicy.DESTROY,
    relayParallelizationFactor: 10,
    quarantineRetention: Duration.days(7),
    logRetention: logs.RetentionDays.ONE_WEEK,
  });
  const resources = resourcesOf(stack);

  expect(ledger.shards).toBe(64);
  const table = only(resources, 'AWS::DynamoDB::GlobalTable');
  expect(table.DeletionPolicy).toBe('Delete');
  expect(table.Properties.Replicas[0].DeletionProtectionEnabled).toBe(false);
  expect(only(resources, 'AWS::S3::Bucket').Properties.LifecycleConfiguration.Rules[0].ExpirationInDays).toBe(7);
  expect(only(resources, 'AWS::Lambda::EventSourceMapping', 'LedgerRelay').Properties.ParallelizationFactor).toBe(10);
  expect(only(resources, 'AWS::Logs::LogGroup', 'LedgerRelay').Properties.RetentionInDays).toBe(7);
});

test('its metrics are those of its relay', () => {
  const stack = testStack();
  const ledger = new Ledger(stack, 'Ledger');

  const age = ledger.metricRelayIteratorAge({ period: Duration.minutes(1) });
  expect(age).toMatchObject({ namespace: 'AWS/Lambda', metricName: 'IteratorAge', statistic: 'Maximum' });
  expect(stack.resolve(age.dimensions)).toEqual({ FunctionName: stack.resolve(ledger.relay.functionName) });
  expect(ledger.metricRelayErrors()).toMatchObject({ metricName: 'Errors', statistic: 'Sum' });
});
