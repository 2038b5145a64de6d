import { Duration } from 'aws-cdk-lib';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { CfnQueuePolicy } from 'aws-cdk-lib/aws-sqs';
import { handlerIn, testStack } from '../../shop-app.ts';
import { source } from '../proved-shop.ts';
import { drop, type Mutant, override } from './mutant.ts';

export const eventSources: Mutant[] = [
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

export const breakers: Mutant[] = [
  {
    rule: 'breaker-rights',
    name: 'an event source without the tag',
    options: { queue: { breaker: {} } },
    mutate: ({ reserveHandler }) => override(source.ofQueue(reserveHandler), 'Tags', []),
  },
  {
    rule: 'breaker-rights',
    name: 'a queue whose tag is of another controller',
    options: { queue: { breaker: {} } },
    mutate: ({ reserve }) => override(reserve.queue, 'Tags', [{ Key: 'waybill:controller', Value: 'another' }]),
  },
];

/** Tried once, so that `retry-horizon` has nothing to say. */
const once = { retry: { attempts: 1 } } as const;

export const horizons: Mutant[] = [
  {
    rule: 'breaker-horizon',
    name: 'a queue that keeps a message for ten minutes',
    options: { ...once, queue: { breaker: {}, retentionPeriod: Duration.minutes(10) } },
  },
  {
    rule: 'probe-time',
    name: 'a function of two minutes',
    options: { queue: { breaker: {} }, timeout: Duration.minutes(2) },
  },
];

export const redrives: Mutant[] = [
  {
    rule: 'redrive-rights',
    name: 'a retry queue whose policy lets nobody send',
    mutate: ({ count }) =>
      override(count.queue.node.findChild('Policy'), 'PolicyDocument.Statement', [
        { Effect: 'Allow', Action: 'sqs:GetQueueAttributes', Principal: '*', Resource: '*' },
      ]),
  },
  {
    rule: 'redrive-rights',
    name: 'a second policy on a dead-letter queue',
    mutate: ({ stack, reserve }) =>
      new CfnQueuePolicy(stack, 'Second', {
        queues: [reserve.deadLetterQueue.queueUrl],
        policyDocument: {
          Version: '2012-10-17',
          Statement: [
            { Effect: 'Allow', Action: 'sqs:ReceiveMessage', Principal: { AWS: '111122223333' }, Resource: '*' },
          ],
        },
      }),
  },
];

const scale = { min: 4, max: 40 };

export const scalers: Mutant[] = [
  {
    rule: 'scaler-rights',
    name: 'an event source without the tag',
    options: { queue: { scale } },
    mutate: ({ reserveHandler }) => override(source.ofQueue(reserveHandler), 'Tags', []),
  },
  {
    rule: 'scaler-rights',
    name: 'a queue without the tag',
    options: { queue: { scale } },
    mutate: ({ reserve }) => override(reserve.queue, 'Tags', []),
  },
  {
    rule: 'scaler-pollers',
    name: 'provisioned pollers beside it',
    options: { queue: { scale } },
    mutate: ({ reserveHandler }) =>
      override(source.ofQueue(reserveHandler), 'ProvisionedPollerConfig', { MinimumPollers: 2 }),
  },
  {
    rule: 'scaler-pollers',
    name: 'a first concurrency that is not its least',
    options: { queue: { scale } },
    mutate: ({ reserveHandler }) =>
      override(source.ofQueue(reserveHandler), 'ScalingConfig', { MaximumConcurrency: 2 }),
  },
];

export const concurrency: Mutant[] = [
  {
    rule: 'reserved-concurrency',
    name: 'less than it may be scaled to',
    options: { queue: { scale } },
    mutate: ({ reserveHandler }) => override(reserveHandler, 'ReservedConcurrentExecutions', 39),
  },
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
    name: 'none left, where only the deployment knows how much the queue may take',
    mutate: ({ reserveHandler }) => {
      const most = { Ref: 'MostInvocations' };
      source.ofQueue(reserveHandler).addPropertyOverride('ScalingConfig.MaximumConcurrency', most);
      override(reserveHandler, 'ReservedConcurrentExecutions', 0);
    },
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
