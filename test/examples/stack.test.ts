import { App, Duration, Validations } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, test, vi } from 'vitest';
import { deploymentOf, SUBSCRIBERS } from '../../demo/deployment.ts';
import { Commerce, type CommerceProps } from '../../examples/commerce/stack.ts';

// CDK's own validation is an engine that takes seconds to start.
vi.setConfig({ testTimeout: 60_000 });

function commerce(props: CommerceProps = {}): Commerce {
  const app = new App({ analyticsReporting: false, context: { 'aws:cdk:bundling-stacks': [] } });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return new Commerce(app, 'Commerce', props);
}

describe("cdk-nag's AwsSolutions pack", () => {
  test('passes on the shop', () => {
    expect(() => Template.fromStack(commerce())).not.toThrow();
  });

  test('passes on a shop that can be thrown away', () => {
    expect(() => Template.fromStack(commerce({ disposable: true }))).not.toThrow();
  });

  test('finds a queue that takes messages without TLS', () => {
    const stack = commerce();
    new sqs.Queue(stack, 'Careless');
    expect(() => Template.fromStack(stack)).toThrow('AwsSolutions-SQS4');
  });
});

describe('what holds data', () => {
  const policies = (props: CommerceProps) =>
    Object.values(
      Template.fromStack(commerce(props)).toJSON().Resources as Record<
        string,
        { Type: string; DeletionPolicy?: string }
      >,
    )
      .filter(({ Type }) => /GlobalTable|Stream$|Bucket$/.test(Type))
      .map(({ DeletionPolicy }) => DeletionPolicy);

  test('outlives the stack', () => {
    expect(new Set(policies({}))).toEqual(new Set(['Retain']));
  });

  test('goes with a stack that says it is disposable', () => {
    expect(new Set(policies({ disposable: true }))).toEqual(new Set(['Delete']));
  });
});

test('a deadline that is given reaches every route', () => {
  const template = Template.fromStack(commerce({ deadline: Duration.seconds(15) }));
  template.resourcePropertiesCountIs('Custom::WaybillRoute', { deadline: Match.anyValue() }, SUBSCRIBERS.length);
  template.allResourcesProperties('Custom::WaybillRoute', { deadline: 15_000 });
});

test('the function that takes payments alone is told of the provider, and may read orders for it', () => {
  const template = Template.fromStack(commerce({ paymentProvider: 'https://psp.example' }));
  const told = template.findResources('AWS::Lambda::Function', {
    Properties: { Environment: { Variables: { PAYMENT_PROVIDER_URL: 'https://psp.example' } } },
  });
  expect(Object.keys(told)).toEqual([expect.stringMatching(/^takepaymentfunction/)]);
});

test('the outputs tell a program outside where everything is', () => {
  const outputs = Template.fromStack(commerce()).toJSON().Outputs as Record<string, object>;
  const named = Object.fromEntries(Object.keys(outputs).map((name) => [name, name]));
  const deployment = deploymentOf({ ...named, LedgerShards: '16' });
  expect(deployment.subscribers).toMatchObject({
    'take-payment': { queueUrl: 'TakePaymentQueue', deadLetterQueueUrl: 'TakePaymentDeadLetterQueue' },
    'count-sales': { queueUrl: 'CountSalesQueue', streamName: 'SalesStream' },
  });
  expect(deployment.logGroups).toHaveLength(9);
  expect(() => deploymentOf({})).toThrow('deploy it again');
});
