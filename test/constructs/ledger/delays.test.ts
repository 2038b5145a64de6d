import { RemovalPolicy } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import { describe, expect, test, vi } from 'vitest';
import { Ledger, type LedgerProps, QueueChannel, StreamChannel } from '../../../lib/public/constructs.ts';
import {
  allowedBy,
  allowedTo,
  handlerIn,
  OrderPlaced,
  only,
  PaymentReceived,
  resourcesOf,
  SendReceipt,
  testStack,
} from '../shop-app.ts';

// Each synthesizes an app, on machines that may be busy.
vi.setConfig({ testTimeout: 30_000 });

function ledgerWith(props: LedgerProps = {}) {
  const stack = testStack();
  const ledger = new Ledger(stack, 'Ledger', props);
  return { stack, ledger, resources: resourcesOf(stack), template: Template.fromStack(stack) };
}

const WRITES_LOG = ['logs:CreateLogStream', 'logs:PutLogEvents'];

describe('by default', () => {
  const { resources, template } = ledgerWith();
  const table = only(resources, 'AWS::DynamoDB::GlobalTable').id;
  const forward = only(resources, 'AWS::SQS::Queue', 'LedgerForwardQueue');
  const deadLetters = only(resources, 'AWS::SQS::Queue', 'LedgerForwardDeadLetterQueue');
  const forwarder = only(resources, 'AWS::Lambda::Function', 'LedgerForwarder');
  const sweep = only(resources, 'AWS::Lambda::Function', 'LedgerSweep');

  test('the forward queue hides a message for as long as the forwarder may take, and gives none up before it was tried 100 times', () => {
    expect(forward.Properties).toMatchObject({
      VisibilityTimeout: 6 * forwarder.Properties.Timeout,
      MessageRetentionPeriod: 4 * 86_400,
      SqsManagedSseEnabled: true,
      RedrivePolicy: { maxReceiveCount: 100, deadLetterTargetArn: { 'Fn::GetAtt': [deadLetters.id, 'Arn'] } },
    });
    expect(deadLetters.Properties).toMatchObject({ MessageRetentionPeriod: 14 * 86_400, SqsManagedSseEnabled: true });
  });

  test('the forwarder takes small batches, many at once, and answers for each message', () => {
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      FunctionName: { Ref: forwarder.id },
      EventSourceArn: { 'Fn::GetAtt': [forward.id, 'Arn'] },
      BatchSize: 10,
      MaximumBatchingWindowInSeconds: Match.absent(),
      ScalingConfig: { MaximumConcurrency: 50 },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      FilterCriteria: Match.absent(),
    });
  });

  test('the forwarder may send as the relay does, read what a redrive sends, and not read the stream', () => {
    const log = only(resources, 'AWS::Logs::LogGroup', 'LedgerForwarder').id;

    expect(allowedTo(resources, forwarder.id)).toEqual({
      [`${table}.Arn`]: [
        'dynamodb:BatchGetItem',
        'dynamodb:BatchWriteItem',
        'dynamodb:DeleteItem',
        'dynamodb:GetItem',
        'dynamodb:PutItem',
        'dynamodb:Query',
        'dynamodb:UpdateItem',
      ],
      [`${forward.id}.Arn`]: [
        'sqs:ChangeMessageVisibility',
        'sqs:DeleteMessage',
        'sqs:GetQueueAttributes',
        'sqs:ReceiveMessage',
        'sqs:SendMessage',
      ],
      [`${log}.Arn`]: WRITES_LOG,
    });
  });

  test('the sweep runs every minute, ends before the next one does, and is not tried again', () => {
    template.hasResourceProperties('AWS::Scheduler::Schedule', {
      ScheduleExpression: 'rate(1 minute)',
      State: 'ENABLED',
      Target: {
        Arn: { 'Fn::GetAtt': [sweep.id, 'Arn'] },
        RetryPolicy: { MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 0 },
      },
    });
    expect(sweep.Properties).toMatchObject({ Timeout: 60 });
    expect(sweep.Properties).not.toHaveProperty('ReservedConcurrentExecutions');
  });

  test('the sweep may read what is due, send it, and note how far it came', () => {
    const log = only(resources, 'AWS::Logs::LogGroup', 'LedgerSweep').id;

    expect(allowedTo(resources, sweep.id)).toEqual({
      [`${table}.Arn`]: ['dynamodb:BatchGetItem', 'dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
      [`${forward.id}.Arn`]: ['sqs:SendMessage'],
      [`${log}.Arn`]: WRITES_LOG,
    });
  });

  test('relay, forwarder, sweep and reconciler know the forward queue, and nothing of schedules', () => {
    for (const name of ['Relay', 'Forwarder', 'Sweep', 'Reconciler']) {
      const { Variables } = only(resources, 'AWS::Lambda::Function', `Ledger${name}`).Properties.Environment;
      expect(Variables.WAYBILL_FORWARD_QUEUE_URL).toEqual({ Ref: forward.id });
      expect(Object.keys(Variables).filter((variable) => variable.includes('SCHEDULE'))).toEqual([]);
    }
    template.resourceCountIs('AWS::Scheduler::ScheduleGroup', 0);
  });
});

describe('with a schedule for each delayed message', () => {
  const { resources, template, ledger } = ledgerWith({ delayedDelivery: 'schedules', maxForwardConcurrency: 200 });
  const forward = only(resources, 'AWS::SQS::Queue', 'LedgerForwardQueue').id;
  const deadLetters = only(resources, 'AWS::SQS::Queue', 'LedgerSchedulesDeadLetterQueue').id;
  const group = only(resources, 'AWS::Scheduler::ScheduleGroup').id;
  const role = only(resources, 'AWS::IAM::Role', 'LedgerSchedules').id;

  test('the sweep has what waited for a first subscriber to send, and all that send know where schedules go', () => {
    expect(allowedTo(resources, only(resources, 'AWS::Lambda::Function', 'LedgerSweep').id)).not.toMatchObject({
      [`${only(resources, 'AWS::DynamoDB::GlobalTable').id}.Arn`]: expect.arrayContaining(['dynamodb:BatchGetItem']),
    });
    expect(ledger.sweeper).toBeDefined();
    template.resourcePropertiesCountIs(
      'AWS::Scheduler::Schedule',
      { Description: Match.stringLikeRegexp('delayed') },
      0,
    );
    for (const name of ['Relay', 'Forwarder', 'Sweep']) {
      expect(only(resources, 'AWS::Lambda::Function', `Ledger${name}`).Properties.Environment.Variables).toMatchObject({
        WAYBILL_SCHEDULE_GROUP: { Ref: group },
        WAYBILL_FORWARD_QUEUE_ARN: { 'Fn::GetAtt': [forward, 'Arn'] },
        WAYBILL_SCHEDULE_ROLE_ARN: { 'Fn::GetAtt': [role, 'Arn'] },
        WAYBILL_SCHEDULE_DEAD_LETTER_QUEUE_ARN: { 'Fn::GetAtt': [deadLetters, 'Arn'] },
      });
    }
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', { ScalingConfig: { MaximumConcurrency: 200 } });
  });

  test.each(['Relay', 'Forwarder'])('the %s may make schedules of the group, run by their role alone', (name) => {
    const allowed = allowedTo(resources, only(resources, 'AWS::Lambda::Function', `Ledger${name}`).id);
    const schedules = Object.keys(allowed).filter((arn) => allowed[arn]?.includes('scheduler:CreateSchedule'));

    expect(schedules).toHaveLength(1);
    expect(schedules[0]).toMatch(/:schedule\/.*Group.*\/\*$/);
    expect(allowed[`${role}.Arn`]).toEqual(['iam:PassRole']);
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Action: 'iam:PassRole',
            Condition: { StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' } },
          }),
        ]),
      },
    });
  });

  test('schedules may put messages into the forward queue and letters into their dead-letter queue, and no more', () => {
    const policy = only(resources, 'AWS::IAM::Policy', 'LedgerSchedulesRole').Properties;

    expect(policy.Roles).toEqual([{ Ref: role }]);
    const statements = policy.PolicyDocument.Statement as { Action: string; Resource: unknown }[];
    expect(statements.flatMap(({ Action, Resource }) => [Resource].flat().map((arn) => [Action, arn]))).toEqual([
      ['sqs:SendMessage', { 'Fn::GetAtt': [forward, 'Arn'] }],
      ['sqs:SendMessage', { 'Fn::GetAtt': [deadLetters, 'Arn'] }],
    ]);
  });

  test('the forwarder reads the messages of which schedules tell', () => {
    const table = only(resources, 'AWS::DynamoDB::GlobalTable').id;
    const allowed = allowedTo(resources, only(resources, 'AWS::Lambda::Function', 'LedgerForwarder').id);

    expect(allowed[`${table}.Arn`]).toContain('dynamodb:BatchGetItem');
  });

  test('schedules that wait are kept when the stack goes, as the ledger is', () => {
    expect(only(resources, 'AWS::Scheduler::ScheduleGroup').DeletionPolicy).toBe('Retain');
    const disposable = ledgerWith({ delayedDelivery: 'schedules', removalPolicy: RemovalPolicy.DESTROY });
    expect(only(disposable.resources, 'AWS::Scheduler::ScheduleGroup').DeletionPolicy).toBe('Delete');
  });
});

test('another strategy is refused by its name', () => {
  const props = { delayedDelivery: 'scheduler' } as unknown as LedgerProps;
  expect(() => new Ledger(testStack(), 'Ledger', props)).toThrow(/'scheduler': give 'sweep' or 'schedules'/);
});

test('with a customer key, schedules may send to the queues that it encrypts', () => {
  const stack = testStack();
  new Ledger(stack, 'Ledger', { encryptionKey: new kms.Key(stack, 'Key'), delayedDelivery: 'schedules' });
  const resources = resourcesOf(stack);
  const key = { 'Fn::GetAtt': [only(resources, 'AWS::KMS::Key').id, 'Arn'] };

  for (const queue of ['LedgerForwardQueue', 'LedgerForwardDeadLetterQueue', 'LedgerSchedulesDeadLetterQueue']) {
    expect(only(resources, 'AWS::SQS::Queue', queue).Properties.KmsMasterKeyId).toEqual(key);
  }
  expect(only(resources, 'AWS::IAM::Policy', 'LedgerSchedulesRole').Properties.PolicyDocument.Statement).toContainEqual(
    {
      Effect: 'Allow',
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Resource: key,
    },
  );
});

describe('a destination', () => {
  function destinationsOf(props: LedgerProps) {
    const stack = testStack();
    const ledger = new Ledger(stack, 'Ledger', props);
    new StreamChannel(stack, 'Sales', { ledger, events: [OrderPlaced] });
    const payments = new QueueChannel(stack, 'Payments', { ledger, events: [PaymentReceived] });
    payments.addSubscriber(SendReceipt, { handler: handlerIn(stack) });
    const resources = resourcesOf(stack);
    const { Roles } = only(resources, 'AWS::IAM::Policy', 'SalesRelayMaySend').Properties;
    const queue = only(resources, 'AWS::SQS::Queue', 'PaymentssendreceiptQueue').id;
    const { 'sqs:SendMessage': senders = [] } = allowedBy(resources, queue);
    const named = (role: string) => /^Ledger([A-Za-z]+?)Role/.exec(role)?.[1];
    return [(Roles as { Ref: string }[]).map(({ Ref }) => named(Ref)), senders.map(named)];
  }

  test('lets relay, forwarder and sweep send to it, and the reconciler to a queue', () => {
    const senders = ['Relay', 'Forwarder', 'Sweep'];
    expect(destinationsOf({})).toEqual([senders, [...senders, 'Reconciler']]);
  });

  test('does so too where messages have schedules, since what waited for a first subscriber is swept', () => {
    const senders = ['Relay', 'Forwarder', 'Sweep'];
    expect(destinationsOf({ delayedDelivery: 'schedules' })).toEqual([senders, [...senders, 'Reconciler']]);
  });

  test('of an imported ledger lets the same roles send to it', () => {
    const stack = testStack();
    const ledger = Ledger.fromLedgerName(stack, 'Ledger', 'shop');
    new StreamChannel(stack, 'Sales', { ledger, events: [OrderPlaced] });

    expect(only(resourcesOf(stack), 'AWS::IAM::Policy', 'SalesRelayMaySend').Properties.Roles).toEqual([
      'shop-relay-eu-central-1',
      'shop-forward-eu-central-1',
      'shop-sweep-eu-central-1',
    ]);
  });
});
