import {
  type App,
  Aspects,
  CfnResource,
  Duration,
  NestedStack,
  RemovalPolicies,
  RemovalPolicy,
  Stack,
  Stage,
} from 'aws-cdk-lib';
import * as kinesis from 'aws-cdk-lib/aws-kinesis';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { DynamoEventSource, SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { CheckBack, Ledger, QueueChannel, Subscriber } from '../../../lib/public/constructs.ts';
import { handlerIn, OrderCancelled, OrderPlaced, testApp, testStack } from '../shop-app.ts';
import {
  Audit,
  hatch,
  keyedCharge,
  refusedBy,
  type Shop,
  type ShopOptions,
  shop,
  shortLived,
  source,
  warnedOf,
} from './proved-shop.ts';

// Each synthesizes an app, on machines that may be busy.
vi.setConfig({ testTimeout: 30_000 });

interface Variant {
  readonly name: string;
  readonly options?: ShopOptions;
  readonly vary?: (shop: Shop) => void;
}

const DAY = 86_400;
const THEIR_STREAM = 'arn:aws:kinesis:eu-central-1:111122223333:stream/theirs';

const variants: Variant[] = [
  { name: 'one stack' },
  { name: 'ledger, channels, subscribers and handlers in stacks of their own', options: { spread: true } },
  { name: 'stacks for any region', options: { spread: true, stackIn: (id, app) => new Stack(app, id) } },
  {
    name: 'nested stacks',
    options: {
      spread: true,
      stackIn: (id, app) => new NestedStack((app.node.tryFindChild('Parent') ?? testStack('Parent', app)) as Stack, id),
    },
  },
  {
    name: 'an event defined twice with schemas that say the same',
    options: { publishes: [{ ...OrderCancelled, schema: z.object({ orderId: z.string().meta({ title: 'Order' }) }) }] },
  },
  {
    name: 'an effect whose key is sure for a second longer than the attempts take',
    options: { effects: [keyedCharge('3194s')] },
  },
  { name: 'a subscriber with a breaker', options: { spread: true, queue: { breaker: {} } } },
  { name: 'a subscriber that scales', options: { spread: true, queue: { scale: {} } } },
  {
    name: 'a subscriber under another name, which adopts what the former has not ended',
    options: { context: { 'waybill:subscribers': ['count-sales', 'hold-stock'] }, adopts: 'hold-stock' },
  },
  { name: 'an event that lives for an hour', options: { event: shortLived('1h') } },
  {
    name: 'a stream of another app',
    options: {
      importStream: (stack) => kinesis.Stream.fromStreamArn(stack, 'Theirs', THEIR_STREAM),
    },
  },
  { name: 'a function of 5 minutes', options: { timeout: Duration.minutes(5) } },
  { name: 'a batching window', options: { queue: { maxBatchingWindow: Duration.minutes(5) } } },
  {
    name: 'a visibility timeout of exactly six times the timeout',
    vary: ({ reserve }) => hatch(reserve.queue).addPropertyOverride('VisibilityTimeout', 120),
  },
  {
    name: 'a stream that keeps its records for a month, and an event source that tries for a week',
    options: { stream: { retentionPeriod: Duration.days(30) } },
    vary: ({ countHandler }) => source.ofStream(countHandler).addPropertyOverride('MaximumRecordAgeInSeconds', 7 * DAY),
  },
  {
    name: 'a stream whose failed records are not reported one by one: its batches fail whole',
    vary: ({ countHandler }) => source.ofStream(countHandler).addPropertyDeletionOverride('FunctionResponseTypes'),
  },
  { name: 'a subscriber that publishes what a channel of its ledger carries', options: { publishes: [OrderPlaced] } },
  {
    name: 'a reserved concurrency of the sum',
    options: { stream: { shardCount: 3 }, fromStream: { parallelizationFactor: 2, maxConcurrency: 2 } },
    vary: ({ countHandler }) => hatch(countHandler).addPropertyOverride('ReservedConcurrentExecutions', 8),
  },
  {
    name: 'a reserved concurrency where only the deployment knows how much the queue may take',
    vary: ({ reserveHandler }) => {
      const most = { Ref: 'MostInvocations' };
      source.ofQueue(reserveHandler).addPropertyOverride('ScalingConfig.MaximumConcurrency', most);
      hatch(reserveHandler).addPropertyOverride('ReservedConcurrentExecutions', 5);
    },
  },
  {
    name: "a second reader of the ledger's stream",
    vary: ({ stack, ledger }) =>
      handlerIn(stack, 'Search').addEventSource(
        new DynamoEventSource(ledger.table, { startingPosition: lambda.StartingPosition.LATEST }),
      ),
  },
  { name: 'a ledger that says that it is disposable', options: { ledger: { removalPolicy: RemovalPolicy.DESTROY } } },
  { name: 'production', options: { context: { 'waybill:production': true } } },
  { name: 'an Aspect that keeps everything', vary: ({ app }) => RemovalPolicies.of(app).retain() },
  {
    name: 'names that are recorded in another order',
    options: { context: { 'waybill:subscribers': ['reserve-stock', 'count-sales'] } },
  },
  { name: 'a schedule for each delayed message', options: { ledger: { delayedDelivery: 'schedules' } } },
  {
    name: 'a producer that sends by handshake, prepares half messages, takes messages back, and has effects of its own',
    vary: ({ stack, ledger }) => {
      const producer = handlerIn(stack, 'Producer');
      ledger.grantSend(producer);
      ledger.grantCancel(producer);
      ledger.grantEffects(producer);
      new CheckBack(stack, 'CheckBack', { ledger, handler: handlerIn(stack, 'Ask'), producer });
    },
  },
  {
    name: 'a check-back that asks for 12 days, in a stack of its own',
    vary: ({ app, ledger }) => {
      const stack = testStack('Accounts', app);
      new CheckBack(stack, 'CheckBack', { ledger, handler: handlerIn(stack, 'Ask'), patience: Duration.days(12) });
    },
  },
  {
    name: 'half messages of a ledger that does not reconcile',
    options: { ledger: { reconcile: false } },
    vary: ({ stack, ledger }) =>
      new CheckBack(stack, 'CheckBack', {
        ledger,
        handler: handlerIn(stack, 'Ask'),
        producer: handlerIn(stack, 'Pay'),
      }),
  },
  {
    name: 'a further queue that is made for the handler',
    vary: ({ app, reserveHandler }) => {
      const queue = new sqs.Queue(testStack('Further', app), 'Other', { visibilityTimeout: Duration.seconds(120) });
      reserveHandler.addEventSource(new SqsEventSource(queue, { reportBatchItemFailures: true }));
    },
  },
  {
    name: "queues and functions of others beside Waybill's, whatever their settings",
    vary: ({ stack }) => {
      const queue = new sqs.Queue(stack, 'Theirs', { retentionPeriod: Duration.days(14) });
      const theirs = handlerIn(stack, 'TheirHandler', Duration.seconds(30));
      theirs.addEventSource(
        new SqsEventSource(queue, { filters: [lambda.FilterCriteria.filter({ body: { a: [1] } })] }),
      );
      hatch(theirs).addPropertyOverride('ReservedConcurrentExecutions', 0);
    },
  },
  {
    name: "an Aspect that changes what is not Waybill's",
    vary: ({ app }) =>
      Aspects.of(app).add({
        visit: (node) => {
          if (CfnResource.isCfnResource(node)) node.addMetadata('team', 'shop');
        },
      }),
  },
];

test.for(variants)('not refused, nor warned about: $name', ({ options, vary }) => {
  const varied = shop(options);
  vary?.(varied);

  expect(refusedBy(varied.app)).toEqual([]);
  expect(varied.stacks.flatMap(warnedOf)).toEqual([]);
});

test('nor with a key of the customer', () => {
  const app = testApp();
  const stack = testStack('Shop', app);
  const ledger = new Ledger(stack, 'Ledger', { encryptionKey: new kms.Key(stack, 'Key') });
  const orders = new QueueChannel(stack, 'Orders', { ledger, events: [OrderPlaced] });
  orders.addSubscriber(Audit, { handler: handlerIn(stack) });

  expect(refusedBy(app)).toEqual([]);
});

test('nor beside another ledger, for which the same would be wrong', () => {
  const { app, stack, reserveHandler } = shop({ effects: [keyedCharge('24h')] });
  const other = new Ledger(stack, 'OtherLedger', { format: 3 });
  // Nobody reads that one's rows, and only its messages may be cancelled.
  reserveHandler.addEnvironment('WAYBILL_NEWEST_FORMAT', '2');
  other.grantCancel(handlerIn(stack, 'Support'), { publishes: [] });

  expect(refusedBy(app)).toEqual([]);
  expect(warnedOf(stack)).toEqual([]);
});

describe('stages', () => {
  function staged(app: App, id: string, context: Readonly<Record<string, unknown>> = {}): sqs.Queue {
    const stage = new Stage(app, id);
    for (const [key, value] of Object.entries(context)) stage.node.setContext(key, value);
    const stack = new Stack(stage, 'Shop');
    const channel = new QueueChannel(stack, 'Orders', { ledger: new Ledger(stack, 'Ledger'), events: [OrderPlaced] });
    return new Subscriber(stack, 'Audit', { channel, subscriber: Audit, handler: handlerIn(stack) }).queue;
  }

  test('of one app may each have the same subscribers', () => {
    const app = testApp({ context: { 'aws:cdk:bundling-stacks': [], 'waybill:subscribers': ['audit'] } });
    staged(app, 'Test');
    staged(app, 'Production', { 'waybill:production': true });

    expect(refusedBy(app)).toEqual([]);
  });

  test('do not take a queue of another one for theirs because of its name', () => {
    const { app, stack, reserveHandler } = shop();
    new sqs.Queue(new Stack(new Stage(app, 'Elsewhere'), 'Queues'), 'Further', { queueName: 'further' });
    const imported = sqs.Queue.fromQueueArn(stack, 'Imported', 'arn:aws:sqs:eu-central-1:999999999999:further');
    reserveHandler.addEventSource(new SqsEventSource(imported, { reportBatchItemFailures: true }));

    expect(refusedBy(app)).toEqual([]);
    expect(warnedOf(stack)).toEqual(['visibility-timeout-unknown']);
  });

  test('are each proved by themselves', () => {
    const app = testApp();
    staged(app, 'Test');
    const queue = staged(app, 'Production');
    hatch(queue).addPropertyOverride('VisibilityTimeout', 30);

    expect(() => app.synth()).toThrow("(at 'Production/Shop/Audit/Queue')");
  });
});
