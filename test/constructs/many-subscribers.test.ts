import type { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { defineSubscriber } from '../../lib/contract/subscriber.ts';
import { Ledger, LedgerAlarms, QueueChannel, StreamChannel, Subscriber } from '../../lib/public/constructs.ts';
import { handlerIn, OrderCancelled, OrderPlaced, type Resources, resourcesOf, testApp, testStack } from './shop-app.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const SUBSCRIBERS = 200;
const IN_A_STACK = 20;
/** The others have queues alone. */
const ON_THE_STREAM = 20;

/** @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
const MOST_RESOURCES = 500;
const MOST_OUTPUTS = 200;
/** @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const MOST_INLINE_CHARACTERS = 10_240;
/** @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html */
const MOST_QUEUE_POLICY = { bytes: 8_192, statements: 20, principals: 50 };

describe(`a ledger with ${SUBSCRIBERS} subscribers`, () => {
  let ledgers: Stack;
  let stacks: readonly Stack[];

  beforeAll(() => {
    const app = testApp();
    ledgers = testStack('Ledgers', app);
    const ledger = new Ledger(ledgers, 'Ledger', { ledgerName: 'large' });
    const channels = testStack('Channels', app);
    const orders = new QueueChannel(channels, 'Orders', { ledger, events: [OrderPlaced, OrderCancelled] });
    const sales = new StreamChannel(channels, 'Sales', { ledger, events: [OrderPlaced] });
    const subscribing = Array.from({ length: SUBSCRIBERS / IN_A_STACK }, (_, stack) => testStack(`Team${stack}`, app));
    for (let number = 0; number < SUBSCRIBERS; number++) {
      const stack = subscribing[number % subscribing.length] as Stack;
      new Subscriber(stack, `Subscriber${number}`, {
        channel: number < ON_THE_STREAM ? sales : orders,
        subscriber: defineSubscriber(`subscriber-${number}`, { consumes: [OrderPlaced], publishes: [OrderCancelled] }),
        handler: handlerIn(stack, `Handler${number}`),
      });
    }
    const alarms = testStack('Alarms', app);
    new LedgerAlarms(alarms, 'Alarms', { ledger });
    app.synth();
    stacks = [ledgers, channels, ...subscribing, alarms];
  });

  test('synthesizes into stacks that CloudFormation takes', () => {
    for (const stack of stacks) {
      const { Resources, Outputs = {} } = Template.fromStack(stack).toJSON();
      expect(Object.keys(Resources).length).toBeLessThanOrEqual(MOST_RESOURCES);
      expect(Object.keys(Outputs).length).toBeLessThanOrEqual(MOST_OUTPUTS);
    }
  });

  test('adds nothing to the stack of its ledger', () => {
    const alone = testStack('Ledgers', testApp());
    new Ledger(alone, 'Ledger', { ledgerName: 'large' });

    expect(resourcesOf(ledgers)).toEqual(resourcesOf(alone));
  });

  test('grants each role no more than its inline policies may say', () => {
    const characters = new Map<string, number>();
    for (const { Type, Properties } of stacks.flatMap((stack) =>
      Object.values<Resources[string]>(resourcesOf(stack)),
    )) {
      if (Type !== 'AWS::IAM::Policy') continue;
      for (const role of Properties.Roles) {
        const name = JSON.stringify(role);
        // References become ARNs: 120 characters each is more than any here.
        const said = JSON.stringify(Properties.PolicyDocument, (_, value) =>
          isReference(value) ? 'a'.repeat(120) : value,
        );
        characters.set(name, (characters.get(name) ?? 0) + said.length);
      }
    }

    expect(characters.size).toBeGreaterThan(SUBSCRIBERS);
    expect(Math.max(...characters.values())).toBeLessThan(MOST_INLINE_CHARACTERS / 2);
  });

  test('is let in by policies of queues that SQS takes', () => {
    const policies = stacks
      .flatMap((stack) => Object.values<Resources[string]>(resourcesOf(stack)))
      .filter(({ Type }) => Type === 'AWS::SQS::QueuePolicy');

    expect(policies.length).toBeGreaterThan(SUBSCRIBERS);
    for (const { Properties } of policies) {
      const { Statement } = Properties.PolicyDocument as { Statement: readonly { Principal: { AWS?: unknown } }[] };
      expect(JSON.stringify(Properties.PolicyDocument).length).toBeLessThan(MOST_QUEUE_POLICY.bytes / 2);
      expect(Statement.length).toBeLessThanOrEqual(MOST_QUEUE_POLICY.statements);
      expect(Statement.flatMap(({ Principal }) => [Principal.AWS].flat()).length).toBeLessThanOrEqual(
        MOST_QUEUE_POLICY.principals,
      );
    }
  });
});

test('too many subscribers in one stack are refused with how to cut it', () => {
  const app = testApp();
  const stack = testStack('Shop', app);
  const ledger = new Ledger(stack, 'Ledger');
  const orders = new QueueChannel(stack, 'Orders', { ledger, events: [OrderPlaced] });
  for (let number = 0; number < 30; number++) {
    orders.addSubscriber(defineSubscriber(`subscriber-${number}`, { consumes: [OrderPlaced] }), {
      handler: handlerIn(stack, `Handler${number}`),
    });
  }

  expect(() => app.synth()).toThrow(
    /\[waybill:stack-resources\] The stack 'Shop' has \d+ resources, and 30 subscribers are in it: 2 stacks of 15 subscribers each would do/,
  );
});

function isReference(value: unknown): boolean {
  const keys = typeof value === 'object' && value !== null ? Object.keys(value) : [];
  return keys.length === 1 && (keys[0] === 'Ref' || keys[0]?.startsWith('Fn::') === true);
}
