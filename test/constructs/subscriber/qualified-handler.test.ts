import { Stack } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { describe, expect, test } from 'vitest';
import { Ledger, QueueChannel, StreamChannel, Subscriber } from '../../../lib/public/constructs.ts';
import {
  allowedTo,
  handlerIn,
  OrderCancelled,
  OrderPlaced,
  only,
  ReserveStock,
  resourcesOf,
  tableIn,
  testApp,
  testStack,
} from '../shop-app.ts';

type Handler = lambda.Function | lambda.Alias | lambda.Version;

/** What stands for a function, and the kind of resource that the event sources then invoke. */
const QUALIFIED: readonly [string, (handler: lambda.Function) => Handler, string][] = [
  [
    'an alias with provisioned concurrency',
    (handler) => handler.addAlias('live', { provisionedConcurrentExecutions: 2 }),
    'Alias',
  ],
  [
    'an alias of its own construct',
    (handler) => new lambda.Alias(Stack.of(handler), 'Live', { aliasName: 'live', version: handler.currentVersion }),
    'Alias',
  ],
  ['the current version', (handler) => handler.currentVersion, 'Version'],
];

function shopWith(qualify: (handler: lambda.Function) => Handler) {
  const app = testApp();
  const stack = testStack('Shop', app);
  const ledger = new Ledger(stack, 'Ledger');
  const events = [OrderPlaced, OrderCancelled];
  const queue = new QueueChannel(stack, 'Orders', { ledger, events });
  const stream = new StreamChannel(stack, 'Clicks', { ledger, events });
  const handler = handlerIn(stack);
  return { app, stack, queue, stream, handler, tables: { stock: tableIn(stack) }, given: qualify(handler) };
}

describe.each(QUALIFIED)('a handler that is %s', (_, qualify, kind) => {
  test.each(['queue', 'stream'] as const)('serves a subscriber of a %s', (channel) => {
    const { app, stack, handler, given, tables, ...channels } = shopWith(qualify);
    const subscriber = new Subscriber(stack, 'Reserve', {
      channel: channels[channel],
      subscriber: ReserveStock,
      handler: given,
      tables,
      maxConcurrency: 7,
    });
    expect(subscriber.handler).toBe(handler);
    expect(() => app.synth()).not.toThrow();
    const resources = resourcesOf(stack);
    const { id, Properties } = only(resources, 'AWS::Lambda::Function', 'Handler');

    // All of its sources invoke the qualified function, and bound its concurrency.
    const sources = Object.entries(resources)
      .filter(([key, { Type }]) => Type === 'AWS::Lambda::EventSourceMapping' && key.startsWith('Handler'))
      .map(([, source]) => source.Properties);
    expect(sources).toHaveLength(channel === 'queue' ? 1 : 2);
    const invoked = Object.entries(resources).find(([, { Type }]) => Type === `AWS::Lambda::${kind}`)?.[0];
    for (const { FunctionName } of sources) expect(JSON.stringify(FunctionName)).toContain(`"${invoked}"`);
    expect(sources.some(({ ScalingConfig }) => ScalingConfig?.MaximumConcurrency === 7)).toBe(true);

    // Variables and permissions are the function's.
    expect(Properties.Environment.Variables).toMatchObject({ WAYBILL_SUBSCRIBER: 'reserve-stock' });
    expect(Object.values(allowedTo(resources, id)).flat()).toContain('sqs:ReceiveMessage');

    // Code that knows an event comes before its route.
    const route = Object.values(resources).find(({ Type }) => Type === 'Custom::WaybillRoute');
    expect(route?.DependsOn).toContain(invoked);
  });
});

test('a version has the variables that the subscriber gives its function', () => {
  const versionOf = (subscribes: boolean) => {
    const { stack, queue, given, tables } = shopWith((handler) => handler.currentVersion);
    if (subscribes) queue.addSubscriber(ReserveStock, { handler: given, tables });
    return Object.entries(resourcesOf(stack)).find(([, { Type }]) => Type === 'AWS::Lambda::Version')?.[0];
  };
  // Its name is a digest of the function's properties.
  expect(versionOf(true)).not.toBe(versionOf(false));
});

test('a function serves one subscriber, whatever stands for it', () => {
  const { queue, stream, handler, given, tables } = shopWith((it) => it.addAlias('live'));
  queue.addSubscriber(ReserveStock, { handler: given, tables });
  const Other = { ...ReserveStock, name: 'other' };
  expect(() => stream.addSubscriber(Other, { handler, tables })).toThrow(
    "serves the subscriber 'reserve-stock' already",
  );
});

test('an alias of a function of another app is refused', () => {
  const { stack, queue, tables } = shopWith((it) => it);
  const foreign = lambda.Function.fromFunctionArn(
    stack,
    'Foreign',
    'arn:aws:lambda:eu-central-1:111122223333:function:f',
  );
  const version = lambda.Version.fromVersionAttributes(stack, 'V', { version: '1', lambda: foreign });
  const alias = new lambda.Alias(stack, 'Live', { aliasName: 'live', version });
  expect(() => queue.addSubscriber(ReserveStock, { handler: alias, tables })).toThrow(
    '`handler` is no function of this app',
  );
});
