import { Duration } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { describe, expect, test, vi } from 'vitest';
import { CheckBack, InvalidConstruct, Ledger, ProducerFunction, QueueChannel } from '../../../lib/public/constructs.ts';
import type { EventDefinition } from '../../../lib/public/index.ts';
import {
  allowedBy,
  allowedTo,
  handlerIn,
  OrderPlaced,
  only,
  PaymentReceived,
  resourcesOf,
  SendReceipt,
  Stock,
  statementsOf,
  tableIn,
  testApp,
  testStack,
} from '../shop-app.ts';

// Each synthesizes an app, on machines that may be busy.
vi.setConfig({ testTimeout: 30_000 });

function shopWith(set: (stack: ReturnType<typeof testStack>, ledger: Ledger) => void) {
  const stack = testStack();
  set(stack, new Ledger(stack, 'Ledger'));
  const resources = resourcesOf(stack);
  const named = (id: string) => only(resources, 'AWS::Lambda::Function', id);
  return {
    resources,
    template: Template.fromStack(stack),
    table: only(resources, 'AWS::DynamoDB::GlobalTable', 'Ledger').id,
    forward: only(resources, 'AWS::SQS::Queue', 'LedgerForwardQueue').id,
    variablesOf: (id: string) => named(id).Properties.Environment.Variables,
    allowed: (id: string) => allowedTo(resources, named(id).id),
  };
}

test('who sends by handshake may write its messages, send them, and mark them, and knows where', () => {
  const shop = shopWith((stack, ledger) => ledger.grantSend(handlerIn(stack, 'Producer'), { producer: 'checkout' }));

  expect(shop.allowed('Producer')).toEqual({
    [`${shop.table}.Arn`]: ['dynamodb:BatchWriteItem', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
    [`${shop.forward}.Arn`]: ['sqs:SendMessage'],
  });
  expect(shop.variablesOf('Producer')).toEqual({
    WAYBILL_LEDGER: { Ref: shop.table },
    WAYBILL_SHARDS: '16',
    WAYBILL_FORMATS: 'ledger',
    WAYBILL_PRODUCER: 'checkout',
    WAYBILL_FORWARD_QUEUE_URL: { Ref: shop.forward },
  });
});

/** What is cancelled ends at each subscriber, and passes the fence of its order. */
const CANCELS = ['ConditionCheckItem', 'DeleteItem', 'GetItem', 'PutItem', 'Query', 'UpdateItem'].map(
  (name) => `dynamodb:${name}`,
);

test('who takes messages back may end them at whoever expects them', () => {
  const shop = shopWith((stack, ledger) => ledger.grantCancel(handlerIn(stack, 'Support')));

  expect(shop.allowed('Support')).toEqual({
    [`${shop.table}.Arn`]: CANCELS,
  });
  expect(shop.variablesOf('Support')).toMatchObject({ WAYBILL_PRODUCER: 'Support' });
});

test('who has effects of its own may read and write their rows, and no others', () => {
  const shop = shopWith((stack, ledger) => ledger.grantEffects(handlerIn(stack, 'Payroll')));

  expect(shop.allowed('Payroll')).toEqual({ [`${shop.table}.Arn`]: ['dynamodb:GetItem', 'dynamodb:UpdateItem'] });
  expect(shop.variablesOf('Payroll')).toEqual({
    WAYBILL_LEDGER: { Ref: shop.table },
    WAYBILL_SHARDS: '16',
    WAYBILL_PRODUCER: 'Payroll',
  });
});

const ROW_ACTIONS = ['ConditionCheckItem', 'DeleteItem', 'GetItem', 'PutItem', 'UpdateItem'].map(
  (name) => `dynamodb:${name}`,
);

test('a producer function publishes to its ledger and writes its tables, and no more', () => {
  const shop = shopWith((stack, ledger) => {
    new QueueChannel(stack, 'Payments', { ledger, events: [PaymentReceived] });
    new ProducerFunction(stack, 'PlaceOrder', {
      entry: import.meta.filename,
      ledger,
      publishes: [PaymentReceived],
      writes: [Stock],
      tables: { stock: tableIn(stack) },
    });
  });
  const stock = only(shop.resources, 'AWS::DynamoDB::GlobalTable', 'Stock').id;
  const { [`${shop.table}.Arn`]: ledger, [`${stock}.Arn`]: rows, ...others } = shop.allowed('PlaceOrder');
  expect({ ledger, rows }).toEqual({ ledger: ['dynamodb:GetItem', 'dynamodb:PutItem'], rows: ROW_ACTIONS });
  expect(Object.values(others).flat()).toEqual(['logs:CreateLogStream', 'logs:PutLogEvents']);
  expect(shop.variablesOf('PlaceOrder')).toMatchObject({
    WAYBILL_LEDGER: { Ref: shop.table },
    WAYBILL_PRODUCER: 'PlaceOrder',
    WAYBILL_TABLE_STOCK: { Ref: stock },
  });
});

test.each([
  ['grantSend', ['dynamodb:BatchWriteItem', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem']],
  ['grantCancel', CANCELS],
] as const)('%s binds the tables that a producer declares, narrowed as it says', (grant, actions) => {
  const shop = shopWith((stack, ledger) => {
    const tables = { stock: tableIn(stack) };
    const tableActions = { stock: ['dynamodb:GetItem'] } as const;
    ledger[grant](handlerIn(stack, 'Producer'), { writes: [Stock], tables, tableActions });
  });
  const stock = only(shop.resources, 'AWS::DynamoDB::GlobalTable', 'Stock').id;
  expect(shop.allowed('Producer')).toMatchObject({
    [`${shop.table}.Arn`]: actions,
    [`${stock}.Arn`]: ['dynamodb:GetItem'],
  });
  expect(shop.variablesOf('Producer')).toMatchObject({ WAYBILL_TABLE_STOCK: { Ref: stock } });
});

test('the role of what runs outside Lambda may publish, and its events are looked for', () => {
  const grant = (publishes: readonly EventDefinition[]) => {
    const stack = testStack();
    const ledger = new Ledger(stack, 'Ledger');
    new QueueChannel(stack, 'Payments', { ledger, events: [PaymentReceived] });
    const role = new iam.Role(stack, 'Task', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
    ledger.grantPublish(role, { publishes });
    return stack;
  };
  const resources = resourcesOf(grant([PaymentReceived]));
  const policy = only(resources, 'AWS::IAM::Policy', 'Task');
  expect(policy.Properties.PolicyDocument.Statement).toEqual([
    expect.objectContaining({ Effect: 'Allow', Action: 'dynamodb:PutItem' }),
    // In which format outbox rows are written.
    expect.objectContaining({ Effect: 'Allow', Action: 'dynamodb:GetItem' }),
  ]);
  expect(() => resourcesOf(grant([OrderPlaced]))).toThrow(/publishes.*Stack\/Task|at '.*Task'/);
});

test('a table that is not declared, and a function that nothing can be told, are refused', () => {
  const stack = testStack();
  const ledger = new Ledger(stack, 'Ledger');
  expect(() => ledger.grantSend(handlerIn(stack, 'A'), { writes: [Stock] } as never)).toThrow(InvalidConstruct);
  const imported = lambda.Function.fromFunctionName(stack, 'B', 'elsewhere');
  expect(() => ledger.grantPublish(imported)).toThrow(/imported.*connectLedger/);
});

describe('a check-back', () => {
  const shop = shopWith((stack, ledger) => {
    const [handler, producer] = [handlerIn(stack, 'Ask'), handlerIn(stack, 'Pay')];
    new CheckBack(stack, 'CheckBack', { ledger, handler, producer });
  });
  const requests = only(shop.resources, 'AWS::SQS::Queue', 'CheckBackRequestsQueue');
  const deadLetters = only(shop.resources, 'AWS::SQS::Queue', 'CheckBackRequestsDeadLetterQueue');
  const decides = {
    [`${shop.table}.Arn`]: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
  };

  test('has a queue that keeps requests for a day longer than it asks, and gives none up for being asked often', () => {
    expect(requests.Properties).toMatchObject({
      VisibilityTimeout: 120,
      MessageRetentionPeriod: 4 * 86_400,
      SqsManagedSseEnabled: true,
      RedrivePolicy: { maxReceiveCount: 1_000, deadLetterTargetArn: { 'Fn::GetAtt': [deadLetters.id, 'Arn'] } },
    });
    expect(deadLetters.Properties.MessageRetentionPeriod).toBe(14 * 86_400);
  });

  test('lets its function answer for each request, set when it comes again, and decide', () => {
    shop.template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      EventSourceArn: { 'Fn::GetAtt': [requests.id, 'Arn'] },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
    expect(shop.allowed('Ask')).toEqual({
      ...decides,
      [`${requests.id}.Arn`]: [
        'sqs:ChangeMessageVisibility',
        'sqs:DeleteMessage',
        'sqs:GetQueueAttributes',
        'sqs:ReceiveMessage',
      ],
    });
  });

  test('lets the producer prepare and decide, and tells it the queue, to which it may not send', () => {
    expect(shop.allowed('Pay')).toEqual(decides);
    expect(shop.variablesOf('Pay')).toMatchObject({ WAYBILL_CHECK_BACK_QUEUE_URL: { Ref: requests.id } });
  });

  test('is asked by the relay, and by the reconciler for what the relay has not seen, and by nobody else', () => {
    const allowing = statementsOf(shop.resources).filter(
      ({ actions, resources }) =>
        actions.includes('sqs:SendMessage') && JSON.stringify(resources).includes(`"${requests.id}"`),
    );
    expect(allowing.map(({ type }) => type)).toEqual(['AWS::SQS::QueuePolicy']);
    expect(allowedBy(shop.resources, requests.id)).toEqual({
      'sqs:SendMessage': [expect.stringMatching(/^LedgerRelayRole/), expect.stringMatching(/^LedgerReconcilerRole/)],
    });
  });

  test('lets no reconciler in where the ledger has none', () => {
    const stack = testStack();
    const ledger = new Ledger(stack, 'Ledger', { reconcile: false });
    new CheckBack(stack, 'CheckBack', { ledger, handler: handlerIn(stack, 'Ask') });
    const resources = resourcesOf(stack);
    expect(allowedBy(resources, only(resources, 'AWS::SQS::Queue', 'CheckBackRequestsQueue').id)).toEqual({
      'sqs:SendMessage': [expect.stringMatching(/^LedgerRelayRole/)],
    });
  });

  test('lets the reconciler of an imported ledger in by its name', () => {
    const stack = testStack();
    const ledger = Ledger.fromLedgerName(stack, 'Ledger', 'shop');
    new CheckBack(stack, 'CheckBack', { ledger, handler: handlerIn(stack, 'Ask') });
    const resources = resourcesOf(stack);
    expect(allowedBy(resources, only(resources, 'AWS::SQS::Queue', 'CheckBackRequestsQueue').id)).toEqual({
      'sqs:SendMessage': ['shop-relay-eu-central-1', 'shop-reconcile-eu-central-1'],
    });
  });

  test('keeps requests for as long as it is told to ask', () => {
    const patient = shopWith((stack, ledger) => {
      new CheckBack(stack, 'CheckBack', { ledger, handler: handlerIn(stack, 'Ask'), patience: Duration.days(12) });
    });
    const { Properties } = only(patient.resources, 'AWS::SQS::Queue', 'CheckBackRequestsQueue');
    expect(Properties.MessageRetentionPeriod).toBe(13 * 86_400);
  });

  test('cannot ask for longer than its queue keeps requests', () => {
    const patience = Duration.days(13);
    expect(() =>
      shopWith((stack, ledger) => {
        new CheckBack(stack, 'CheckBack', { ledger, handler: handlerIn(stack, 'Ask'), patience });
      }),
    ).toThrow(expect.objectContaining({ code: 'invalid-construct' }));
  });

  test('does not share its function with a subscriber', () => {
    expect(() =>
      shopWith((stack, ledger) => {
        const handler = handlerIn(stack, 'Both');
        const payments = new QueueChannel(stack, 'Payments', { ledger, events: [PaymentReceived] });
        payments.addSubscriber(SendReceipt, { handler });
        new CheckBack(stack, 'CheckBack', { ledger, handler });
      }),
    ).toThrow(/'Shop\/Both' consumes another queue: give the check-back its own function/);
  });

  test('may be in a stack of its own, and its producer in another', () => {
    const app = testApp();
    const [ledgers, accounts, producers] = ['Ledgers', 'Accounts', 'Producers'].map((id) => testStack(id, app));
    const ledger = new Ledger(ledgers!, 'Ledger', { encryptionKey: new kms.Key(ledgers!, 'Key') });
    const checkBack = new CheckBack(accounts!, 'CheckBack', { ledger, handler: handlerIn(accounts!, 'Ask') });
    ledger.grantPrepare(handlerIn(producers!, 'Pay'), { checkBack });

    expect(() => app.synth()).not.toThrow();
    expect(JSON.stringify(resourcesOf(ledgers!))).not.toContain('CheckBack');
  });
});

test('a function of another app sends by handshake to an imported ledger by its names', () => {
  const stack = testStack();
  Ledger.fromLedgerName(stack, 'Ledger', 'shop').grantSend(handlerIn(stack, 'Producer'));
  const resources = resourcesOf(stack);
  const { id, Properties } = only(resources, 'AWS::Lambda::Function', 'Producer');

  expect(
    Object.keys(allowedTo(resources, id)).some((arn) => arn.endsWith(':sqs:eu-central-1:111122223333:shop-forward')),
  ).toBe(true);
  expect(JSON.stringify(Properties.Environment.Variables.WAYBILL_FORWARD_QUEUE_URL)).toMatch(
    /111122223333\/shop-forward/,
  );
});
