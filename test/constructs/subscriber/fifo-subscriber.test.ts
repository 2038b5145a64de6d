import { Duration } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, test } from 'vitest';
import { defineEvent } from '../../../lib/contract/event.ts';
import { defineSequence } from '../../../lib/contract/sequence.ts';
import { defineSubscriber } from '../../../lib/contract/subscriber.ts';
import {
  FifoChannel,
  Ledger,
  QueueChannel,
  StreamChannel,
  type SubscriberProps,
} from '../../../lib/public/constructs.ts';
import { handlerIn, OrderCancelled, OrderPlaced, only, type Resources, resourcesOf, testStack } from '../shop-app.ts';

function deposited(scope?: 'global') {
  const sequence = defineSequence('accounts', scope && { scope });
  const { schema, key } = OrderCancelled;
  return defineEvent('account.deposited', { schema, key, businessLine: 'accounts', sequence });
}

function bookOf(event: ReturnType<typeof deposited>) {
  return defineSubscriber('book', { consumes: [event], ordered: { onDead: 'block' } });
}

type DeploymentOptions = Pick<SubscriberProps, 'batchSize' | 'maxBatchingWindow' | 'scale'>;

function bank(scope?: 'global') {
  const stack = testStack();
  const ledger = new Ledger(stack, 'Ledger');
  const event = deposited(scope);
  const channel = new FifoChannel(stack, 'Accounts', { ledger, events: [event] });
  const add = (options: Partial<DeploymentOptions> = {}) =>
    channel.addSubscriber(bookOf(event), { handler: handlerIn(stack), ...options });
  return { stack, ledger, event, channel, add };
}

/** The ids of what a stack is warned of. */
function warnings(stack: ReturnType<typeof testStack>): string {
  return JSON.stringify(Annotations.fromStack(stack).findWarning('*', Match.anyValue()));
}

describe('an ordered subscriber on a FIFO channel', () => {
  let resources: Resources;
  let template: Template;
  let said: string;

  beforeAll(() => {
    const { stack, add } = bank();
    add();
    template = Template.fromStack(stack);
    resources = resourcesOf(stack);
    said = warnings(stack);
  });

  test('has three FIFO queues, each of high throughput, that lead from one to the next', () => {
    const [queue, backstop, dead] = ['Queue', 'BackstopQueue', 'DeadLetterQueue'].map((id) =>
      only(resources, 'AWS::SQS::Queue', `Accountsbook${id}`),
    );
    for (const one of [queue, backstop, dead]) {
      expect(one?.Properties).toMatchObject({
        FifoQueue: true,
        DeduplicationScope: 'messageGroup',
        FifoThroughputLimit: 'perMessageGroupId',
      });
      expect(one?.Properties.ContentBasedDeduplication).toBeUndefined();
    }
    const leadsTo = (id = '') => ({ RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': [id, 'Arn'] } } });
    expect(queue?.Properties).toMatchObject(leadsTo(backstop?.id));
    expect(backstop?.Properties).toMatchObject(leadsTo(dead?.id));
  });

  test('is sent what it is to get by its own queue, and marked as ordered', () => {
    const { id } = only(resources, 'AWS::SQS::Queue', 'AccountsbookQueue');
    template.hasResourceProperties('Custom::WaybillRoute', {
      subscriber: 'book',
      destination: { kind: 'queue', url: { Ref: id } },
      ordered: true,
    });
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      EventSourceArn: { 'Fn::GetAtt': [id, 'Arn'] },
      BatchSize: 10,
      MaximumBatchingWindowInSeconds: Match.absent(),
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
  });

  test('may write its own fences and parked messages alone', () => {
    const statements = Object.values(resources)
      .filter(({ Type }) => Type === 'AWS::IAM::Policy')
      .flatMap(({ Properties }) => Properties.PolicyDocument.Statement as readonly { readonly Condition?: object }[])
      .map(({ Condition }) => JSON.stringify(Condition ?? {}))
      .filter((condition) => /"(last|park)#/.test(condition));
    // Its function's, its recorder's, and the reconciler's.
    expect(statements).toHaveLength(6);
    for (const one of statements) expect(one).toMatch(/"(last|park)#book#\*"/);
  });

  test('is not warned of what its channel does to the order', () => {
    expect(said).not.toContain('waybill:ordered-on-queue');
  });
});

describe('what a FIFO channel refuses', () => {
  test('an event that has no sequence', () => {
    const { stack, ledger, event } = bank();
    expect(() => new FifoChannel(stack, 'Orders', { ledger, events: [event, OrderPlaced] })).toThrow(
      "'order.placed' has no `sequence`, so that nothing is to be in order",
    );
  });

  test('a subscriber that is not ordered', () => {
    const { stack, channel, event } = bank();
    const Loose = defineSubscriber('loose', { consumes: [event] });
    expect(() => channel.addSubscriber(Loose, { handler: handlerIn(stack) })).toThrow(
      "'loose' is not ordered, and its channel is a FifoChannel",
    );
  });

  test('a batching window, and batches of more than 10', () => {
    expect(() => bank().add({ maxBatchingWindow: Duration.seconds(5) })).toThrow('`maxBatchingWindow` is not for');
    expect(() => bank().add({ batchSize: 11 })).toThrow('`batchSize` is 11: give a whole number from 1 to 10');
  });
});

describe('what synthesis says of an order', () => {
  test('on a standard queue: that what comes early is parked', () => {
    const { stack, ledger, event } = bank();
    const queue = new QueueChannel(stack, 'Queue', { ledger, events: [event] });
    queue.addSubscriber(bookOf(event), { handler: handlerIn(stack) });
    expect(warnings(stack)).toContain('waybill:ordered-on-queue');
  });

  test('on a stream: nothing', () => {
    const { stack, ledger, event } = bank();
    const stream = new StreamChannel(stack, 'Stream', { ledger, events: [event] });
    stream.addSubscriber(bookOf(event), { handler: handlerIn(stack) });
    expect(warnings(stack)).not.toContain('waybill:ordered-on-queue');
  });

  test('of one order for all keys: its limit', () => {
    const { stack, add } = bank('global');
    add();
    expect(warnings(stack)).toContain('handles one message at a time, at most 100 a second');
    expect(() => bank('global').add({ scale: {} })).toThrow('`scale` has nothing to scale');
  });
});
