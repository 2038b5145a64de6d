import { Aspects, CfnResource, Duration, NestedStack, RemovalPolicies, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { DynamoEventSource, SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { IConstruct } from 'constructs';
import { handlerIn, testStack } from '../shop-app.ts';
import { hatch, OrderLost, type Shop, type ShopOptions, shortLived, source } from './proved-shop.ts';

/** A shop with one thing wrong. */
export interface Mutant {
  /** The only rule that refuses it. */
  readonly rule: string;
  readonly name: string;
  readonly options?: ShopOptions;
  readonly mutate?: (shop: Shop) => void;
}

const MINUTE = 60;
const DAY = 86_400;

/** What teams do by an Aspect: change every resource of a type. */
function everywhere({ app }: Shop, type: string, change: (resource: CfnResource) => void): void {
  const visit = (node: IConstruct): void => {
    if (CfnResource.isCfnResource(node) && node.cfnResourceType === type) change(node);
  };
  Aspects.of(app).add({ visit });
}

function override(construct: IConstruct, property: string, value: unknown): void {
  hatch(construct).addPropertyOverride(property, value);
}

function drop(construct: IConstruct, property: string): void {
  hatch(construct).addPropertyDeletionOverride(property);
}

/** A queue that is made right but for what is given. */
function otherQueue(stack: Stack, props: sqs.QueueProps = {}): sqs.Queue {
  return new sqs.Queue(stack, 'Other', props);
}

function readsLedger({ stack, ledger }: Shop, id: string): void {
  handlerIn(stack, id).addEventSource(
    new DynamoEventSource(ledger.table, { startingPosition: lambda.StartingPosition.TRIM_HORIZON }),
  );
}

const deduplication: Mutant[] = [
  {
    rule: 'dedup-life',
    name: 'an hourly event in a queue that keeps it for 4 days',
    options: { event: shortLived('1h'), queue: { retentionPeriod: Duration.days(4) } },
  },
  {
    rule: 'dedup-life',
    name: 'a daily event whose proof goes just when it could come for the last time',
    options: { event: shortLived('1d'), queue: { retentionPeriod: Duration.days(3) } },
  },
  {
    rule: 'dedup-life',
    name: 'a daily event whose queue was made to keep it for longer',
    options: { event: shortLived('1d') },
    mutate: ({ reserve }) => override(reserve.queue, 'MessageRetentionPeriod', 4 * DAY),
  },
  {
    rule: 'dedup-life',
    name: 'a stream that is read back for a week',
    options: { event: shortLived('5d'), stream: { retentionPeriod: Duration.days(30) } },
    mutate: ({ countHandler }) => override(source.ofStream(countHandler), 'MaximumRecordAgeInSeconds', 7 * DAY),
  },
];

const deadLetters: Mutant[] = [
  {
    rule: 'dead-letter-retention',
    name: 'a dead-letter queue of one day',
    mutate: ({ reserve }) => override(reserve.deadLetterQueue, 'MessageRetentionPeriod', DAY),
  },
  {
    rule: 'dead-letter-retention',
    name: 'a backstop that keeps what the queue keeps',
    mutate: ({ count }) => override(count.backstopQueue, 'MessageRetentionPeriod', 4 * DAY),
  },
  {
    rule: 'dead-letter-retention',
    name: 'a queue of 14 days',
    mutate: ({ reserve }) => override(reserve.queue, 'MessageRetentionPeriod', 14 * DAY),
  },
  {
    rule: 'dead-letter-retention',
    name: "an Aspect that leaves SQS's default retention everywhere",
    mutate: (shop) => everywhere(shop, 'AWS::SQS::Queue', (queue) => drop(queue, 'MessageRetentionPeriod')),
  },
  { rule: 'backstop', name: 'no redrive policy', mutate: ({ reserve }) => drop(reserve.queue, 'RedrivePolicy') },
  {
    rule: 'backstop',
    name: 'no more receives than a definition may allow attempts',
    mutate: ({ reserve }) => override(reserve.queue, 'RedrivePolicy.maxReceiveCount', 50),
  },
  {
    rule: 'backstop',
    name: 'SQS moves straight to the dead-letter queue, which nobody records',
    mutate: ({ reserve }) =>
      override(reserve.queue, 'RedrivePolicy.deadLetterTargetArn', reserve.deadLetterQueue.queueArn),
  },
];

const visibility: Mutant[] = [
  {
    rule: 'visibility-timeout',
    name: 'the default',
    mutate: ({ reserve }) => drop(reserve.queue, 'VisibilityTimeout'),
  },
  {
    rule: 'visibility-timeout',
    name: 'one second too little',
    mutate: ({ reserve }) => override(reserve.queue, 'VisibilityTimeout', 119),
  },
  {
    rule: 'visibility-timeout',
    name: 'a function that was given more time by an escape hatch',
    mutate: ({ countHandler }) => override(countHandler, 'Timeout', 5 * MINUTE),
  },
  {
    rule: 'visibility-timeout',
    name: 'a batching window that was added to the event source',
    mutate: ({ reserveHandler }) => override(source.ofQueue(reserveHandler), 'MaximumBatchingWindowInSeconds', 20),
  },
  {
    rule: 'visibility-timeout',
    name: 'an Aspect that gives every function of other stacks more time',
    options: { spread: true },
    mutate: (shop) =>
      everywhere(shop, 'AWS::Lambda::Function', (target) => {
        if (Stack.of(target).stackName === 'Handlers') override(target, 'Timeout', 21);
      }),
  },
  {
    rule: 'visibility-timeout',
    name: 'a function in a nested stack',
    options: {
      spread: true,
      stackIn: (id, app) => {
        const parent = app.node.tryFindChild('Parent') ?? testStack('Parent', app);
        return new NestedStack(parent, id);
      },
    },
    mutate: ({ reserveHandler }) => override(reserveHandler, 'Timeout', 21),
  },
  {
    rule: 'visibility-timeout',
    name: 'the recorder',
    mutate: ({ reserve }) => override(reserve.recorder, 'Timeout', 31),
  },
  {
    rule: 'visibility-timeout',
    name: 'a further queue of another stack',
    mutate: ({ app, reserveHandler }) =>
      reserveHandler.addEventSource(
        new SqsEventSource(otherQueue(testStack('Further', app)), { reportBatchItemFailures: true }),
      ),
  },
  {
    rule: 'visibility-timeout',
    name: 'a further queue that is imported by its ARN, of another stack of the app',
    mutate: ({ app, stack, reserveHandler }) => {
      otherQueue(testStack('Further', app), { queueName: 'further' });
      const arn = 'arn:aws:sqs:eu-central-1:111122223333:further';
      const queue = sqs.Queue.fromQueueArn(stack, 'Imported', arn);
      reserveHandler.addEventSource(new SqsEventSource(queue, { reportBatchItemFailures: true }));
    },
  },
  {
    rule: 'visibility-timeout',
    name: 'a further queue behind an alias',
    mutate: ({ stack, reserveHandler }) => {
      const target = new lambda.Alias(stack, 'Live', { aliasName: 'live', version: reserveHandler.currentVersion });
      const eventSourceArn = otherQueue(stack).queueArn;
      new lambda.EventSourceMapping(stack, 'Source', { target, eventSourceArn, reportBatchItemFailures: true });
    },
  },
  {
    rule: 'visibility-timeout',
    name: 'a further queue in an L1 that spells the logical ids out',
    mutate: ({ stack, reserveHandler }) => {
      const [queue, target] = [otherQueue(stack), hatch(reserveHandler)].map((it) => stack.getLogicalId(hatch(it)));
      new CfnResource(stack, 'Source', {
        type: 'AWS::Lambda::EventSourceMapping',
        properties: {
          FunctionName: { Ref: target },
          EventSourceArn: { 'Fn::GetAtt': [queue, 'Arn'] },
          FunctionResponseTypes: ['ReportBatchItemFailures'],
        },
      });
    },
  },
];

const eventSources: Mutant[] = [
  {
    rule: 'partial-batch-response',
    name: "off on a subscriber's queue",
    mutate: ({ reserveHandler }) => drop(source.ofQueue(reserveHandler), 'FunctionResponseTypes'),
  },
  {
    rule: 'partial-batch-response',
    name: 'off on a retry queue',
    mutate: ({ countHandler }) => override(source.ofQueue(countHandler), 'FunctionResponseTypes', []),
  },
  {
    rule: 'partial-batch-response',
    name: 'off at the recorder',
    mutate: ({ reserve }) => drop(source.ofBackstop(reserve), 'FunctionResponseTypes'),
  },
  {
    rule: 'event-filter',
    name: 'on a queue',
    mutate: ({ reserveHandler }) =>
      override(source.ofQueue(reserveHandler), 'FilterCriteria', { Filters: [{ Pattern: '{"body":{"type":["a"]}}' }] }),
  },
  {
    rule: 'event-filter',
    name: "on a handler's stream",
    mutate: ({ countHandler }) =>
      override(source.ofStream(countHandler), 'FilterCriteria', { Filters: [{ Pattern: '{"data":{"type":["a"]}}' }] }),
  },
  {
    rule: 'competing-consumer',
    name: "a second function on a subscriber's queue",
    mutate: ({ stack, reserve }) => handlerIn(stack, 'Thief').addEventSource(new SqsEventSource(reserve.queue)),
  },
  {
    rule: 'competing-consumer',
    name: 'a second function on a backstop, from another stack',
    options: { spread: true },
    mutate: ({ app, reserve }) =>
      handlerIn(testStack('Theirs', app)).addEventSource(new SqsEventSource(reserve.backstopQueue)),
  },
];

const streams: Mutant[] = [
  {
    rule: 'starting-position',
    name: 'LATEST on a channel',
    mutate: ({ countHandler }) => override(source.ofStream(countHandler), 'StartingPosition', 'LATEST'),
  },
  {
    rule: 'starting-position',
    name: 'LATEST at the relay',
    mutate: ({ ledger }) => override(source.ofRelay(ledger), 'StartingPosition', 'LATEST'),
  },
  {
    rule: 'starting-position',
    name: 'a time',
    mutate: ({ countHandler }) => {
      override(source.ofStream(countHandler), 'StartingPosition', 'AT_TIMESTAMP');
      override(source.ofStream(countHandler), 'StartingPositionTimestamp', 1_800_000_000);
    },
  },
  {
    rule: 'stream-retries',
    name: 'endless on a channel',
    mutate: ({ countHandler }) => override(source.ofStream(countHandler), 'MaximumRetryAttempts', -1),
  },
  {
    rule: 'stream-retries',
    name: 'left to their default at the relay',
    mutate: ({ ledger }) => drop(source.ofRelay(ledger), 'MaximumRetryAttempts'),
  },
  {
    rule: 'failure-destination',
    name: 'none on a channel',
    mutate: ({ countHandler }) => drop(source.ofStream(countHandler), 'DestinationConfig'),
  },
  {
    rule: 'failure-destination',
    name: 'none at the relay',
    mutate: ({ ledger }) => drop(source.ofRelay(ledger), 'DestinationConfig.OnFailure'),
  },
  {
    rule: 'stream-retention',
    name: 'records that are never given up',
    mutate: ({ countHandler }) => override(source.ofStream(countHandler), 'MaximumRecordAgeInSeconds', -1),
  },
  {
    rule: 'stream-retention',
    name: 'records that are given up when the stream has dropped them',
    mutate: ({ countHandler }) => override(source.ofStream(countHandler), 'MaximumRecordAgeInSeconds', 3 * DAY),
  },
  {
    rule: 'stream-retention',
    name: "a day at the relay, which is all that the ledger's stream keeps",
    mutate: ({ ledger }) => override(source.ofRelay(ledger), 'MaximumRecordAgeInSeconds', DAY),
  },
];

const ledgers: Mutant[] = [
  {
    rule: 'ledger-readers',
    name: 'two functions beside the relay',
    mutate: (shop) => {
      readsLedger(shop, 'Search');
      readsLedger(shop, 'Export');
    },
  },
  {
    rule: 'ledger-readers',
    name: 'a function and a pipe of another stack beside the relay',
    mutate: (shop) => {
      readsLedger(shop, 'Search');
      const properties = { RoleArn: 'arn', Source: shop.ledger.table.tableStreamArn, Target: 'arn' };
      new CfnResource(testStack('Pipes', shop.app), 'Pipe', { type: 'AWS::Pipes::Pipe', properties });
    },
  },
  {
    rule: 'ledger-readers',
    name: 'one function beside the relay of a table with a replica',
    mutate: (shop) => {
      readsLedger(shop, 'Search');
      override(shop.ledger.table, 'Replicas', [{ Region: 'eu-central-1' }, { Region: 'eu-west-1' }]);
    },
  },
  {
    rule: 'ledger-removal',
    name: 'an Aspect that destroys everything',
    mutate: ({ app }) => RemovalPolicies.of(app).destroy(),
  },
  {
    rule: 'ledger-removal',
    name: 'a table that is not kept when it is replaced',
    mutate: ({ ledger }) => hatch(ledger.table).addOverride('UpdateReplacePolicy', 'Delete'),
  },
  {
    rule: 'ledger-removal',
    name: 'a table without a policy, which CloudFormation deletes',
    mutate: ({ ledger }) => hatch(ledger.table).addDeletionOverride('DeletionPolicy'),
  },
  {
    rule: 'ledger-removal',
    name: 'a disposable ledger in production',
    options: { ledger: { removalPolicy: RemovalPolicy.DESTROY }, context: { 'waybill:production': 'true' } },
  },
];

const events: Mutant[] = [
  {
    rule: 'event-without-channel',
    name: 'a subscriber publishes what no channel carries',
    options: { publishes: [OrderLost] },
  },
  {
    rule: 'event-without-channel',
    name: 'a producer publishes what no channel carries',
    mutate: ({ stack, ledger }) => ledger.grantPublish(handlerIn(stack, 'Producer'), { publishes: [OrderLost] }),
  },
  {
    rule: 'event-not-on-channel',
    name: 'a route that was pointed to another event',
    mutate: ({ reserve }) => override(hatch(reserve, 'Route'), 'events.0.type', 'order.lost'),
  },
  {
    rule: 'event-not-on-channel',
    name: 'a route that names one event more',
    mutate: ({ count }) => override(hatch(count, 'Route'), 'events.1', { type: 'order.lost', businessLine: 'orders' }),
  },
  { rule: 'event-not-on-channel', name: 'no route', mutate: ({ count }) => count.node.tryRemoveChild('Route') },
  {
    rule: 'renamed-subscriber',
    name: 'a name that differs from the recorded one',
    options: { context: { 'waybill:subscribers': ['count-sales', 'hold-stock'] } },
  },
  {
    rule: 'renamed-subscriber',
    name: 'no record in production',
    options: { context: { 'waybill:subscribers': undefined, 'waybill:production': true } },
  },
  {
    rule: 'renamed-subscriber',
    name: 'a name that is not recorded',
    options: { context: { 'waybill:subscribers': ['count-sales'] } },
  },
  {
    rule: 'renamed-subscriber',
    name: 'a recorded name that is gone',
    options: { context: { 'waybill:subscribers': ['count-sales', 'notify', 'reserve-stock'] } },
  },
];

const concurrency: Mutant[] = [
  {
    rule: 'reserved-concurrency',
    name: 'none left for a handler',
    mutate: ({ reserveHandler }) => override(reserveHandler, 'ReservedConcurrentExecutions', 0),
  },
  {
    rule: 'reserved-concurrency',
    name: 'none left for the relay',
    mutate: ({ ledger }) => override(ledger.relay, 'ReservedConcurrentExecutions', 0),
  },
  {
    rule: 'reserved-concurrency',
    name: "less than the queue's",
    options: { queue: { maxConcurrency: 20 } },
    mutate: ({ reserveHandler }) => override(reserveHandler, 'ReservedConcurrentExecutions', 19),
  },
  {
    rule: 'reserved-concurrency',
    name: 'some, where the queue knows no limit',
    mutate: ({ reserveHandler }) => override(reserveHandler, 'ReservedConcurrentExecutions', 500),
  },
  {
    rule: 'reserved-concurrency',
    name: "less than the shards' and the retry queue's together",
    options: { stream: { shardCount: 3 }, fromStream: { parallelizationFactor: 2, maxConcurrency: 2 } },
    mutate: ({ countHandler }) => override(countHandler, 'ReservedConcurrentExecutions', 7),
  },
];

export const MUTANTS: readonly Mutant[] = [
  ...deduplication,
  ...deadLetters,
  ...visibility,
  ...eventSources,
  ...streams,
  ...ledgers,
  ...events,
  ...concurrency,
];
