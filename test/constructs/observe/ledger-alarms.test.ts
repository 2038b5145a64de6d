import { readFileSync } from 'node:fs';
import { type App, type Stack, Validations } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sns from 'aws-cdk-lib/aws-sns';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, test, vi } from 'vitest';
import {
  CheckBack,
  Ledger,
  LedgerAlarms,
  type LedgerAlarmsProps,
  QueueChannel,
  StreamChannel,
  Subscriber,
} from '../../../lib/public/constructs.ts';
import {
  CountSales,
  handlerIn,
  OrderCancelled,
  OrderPlaced,
  only,
  PaymentReceived,
  ReserveStock,
  resourcesOf,
  SendReceipt,
  snapshotOf,
  tableIn,
  testApp,
  testStack,
} from '../shop-app.ts';

// Each synthesizes an app, on machines that may be busy.
vi.setConfig({ testTimeout: 30_000 });

/** The ledger's subscribers, two of one business line and one of another, and two check-backs. */
function subscribe(ledger: Ledger, stack: Stack): void {
  const orders = new QueueChannel(stack, 'Orders', { ledger, events: [OrderPlaced, OrderCancelled] });
  orders.addSubscriber(ReserveStock, { handler: handlerIn(stack), tables: { stock: tableIn(stack) } });
  const sales = new StreamChannel(stack, 'Sales', { ledger, events: [OrderPlaced] });
  sales.addSubscriber(CountSales, {
    handler: handlerIn(stack, 'Count'),
    tables: { 'sales-counts': tableIn(stack, 'Counts') },
  });
  const payments = new QueueChannel(stack, 'Payments', { ledger, events: [PaymentReceived] });
  payments.addSubscriber(SendReceipt, { handler: handlerIn(stack, 'Receipt') });
  for (const id of ['Accounts', 'Vouchers']) {
    new CheckBack(stack, id, { ledger, handler: handlerIn(stack, `Ask${id}`) });
  }
}

function watchedShop(props: Omit<LedgerAlarmsProps, 'ledger'> = {}, stack = testStack()) {
  const ledger = new Ledger(stack, 'Ledger');
  const alarms = new LedgerAlarms(stack, 'Alarms', { ledger, ...props });
  subscribe(ledger, stack);
  return { stack, ledger, alarms, template: Template.fromStack(stack), resources: resourcesOf(stack) };
}

interface AlarmProperties {
  readonly MetricName: string;
  readonly Dimensions: readonly { readonly Name: string; readonly Value: { readonly Ref: string } }[];
  readonly AlarmDescription: string;
  readonly AlarmActions: readonly object[];
}

function alarmsIn(stack: Stack): AlarmProperties[] {
  return Object.values(Template.fromStack(stack).findResources('AWS::CloudWatch::Alarm')).map(
    ({ Properties }) => Properties as AlarmProperties,
  );
}

describe('by default', () => {
  const { stack, alarms, template, resources } = watchedShop();
  const table = only(resources, 'AWS::DynamoDB::GlobalTable', 'Ledger').id;
  const ofLedger = { Namespace: 'Waybill', Dimensions: [{ Name: 'ledger', Value: { Ref: table } }], Period: 60 };

  test('everything that the reconciler puts is watched, and every subscriber and check-back, whenever it was added', () => {
    const names = alarmsIn(stack).map(({ MetricName }) => MetricName);

    expect(names.sort()).toEqual([
      ...Array(6).fill('ApproximateNumberOfMessagesVisible'),
      'Errors',
      'Invocations',
      'IteratorAge',
      'WriteThrottleEvents',
      'half-quarantined',
      'heal-deferred',
      'oldest-unended',
      'orders.missing-ratio',
      'payments.missing-ratio',
      'quarantined',
      'reconciled',
      'redrive.stopped',
      'transaction.late',
      'uncaused',
    ]);
    expect(alarms.alarms).toHaveLength(names.length);
  });

  test('docs/alarms.md has a row for each, and for nothing else', () => {
    const page = readFileSync(new URL('../../../docs/alarms.md', import.meta.url), 'utf8');
    const documented = [...page.matchAll(/^\| .* \| `([^`]+)` \| /gm)].map(([, metric]) => metric);

    const metrics = alarmsIn(stack).map(({ MetricName }) =>
      MetricName.replace(/^\w+(?=\.missing-ratio)/, '<business line>'),
    );
    expect(documented.sort()).toEqual([...new Set(metrics)].sort());
  });

  test('each watches a single metric, says what to do, and is announced on the topic', () => {
    const topic = only(resources, 'AWS::SNS::Topic').id;
    for (const properties of alarmsIn(stack)) {
      expect(properties).not.toHaveProperty('Metrics');
      expect(properties.AlarmDescription.length).toBeGreaterThan(60);
      expect(properties.AlarmActions).toEqual([{ Ref: topic }]);
    }
  });

  test.each(['orders', 'payments'])('%s rings at more than 0.1 %% missing, three minutes in a row', (line) => {
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      ...ofLedger,
      MetricName: `${line}.missing-ratio`,
      Statistic: 'Maximum',
      ComparisonOperator: 'GreaterThanThreshold',
      Threshold: 0.1,
      EvaluationPeriods: 3,
      TreatMissingData: 'ignore',
    });
  });

  test.each(['quarantined', 'heal-deferred', 'uncaused'])('the first %s message rings', (name) => {
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      ...ofLedger,
      MetricName: name,
      ComparisonOperator: 'GreaterThanThreshold',
      Threshold: 0,
      EvaluationPeriods: 1,
    });
  });

  test('a reconciler that is silent for five minutes rings, also where nothing was ever put', () => {
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      ...ofLedger,
      MetricName: 'reconciled',
      Statistic: 'Sum',
      ComparisonOperator: 'LessThanThreshold',
      Threshold: 1,
      EvaluationPeriods: 5,
      TreatMissingData: 'breaching',
    });
  });

  test('a sweep that is silent or fails for five minutes rings, also where none has ever run', () => {
    const Dimensions = [
      { Name: 'FunctionName', Value: { Ref: only(resources, 'AWS::Lambda::Function', 'LedgerSweep').id } },
    ];
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      MetricName: 'Invocations',
      Dimensions,
      Statistic: 'Sum',
      ComparisonOperator: 'LessThanThreshold',
      Threshold: 1,
      EvaluationPeriods: 5,
      TreatMissingData: 'breaching',
    });
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      MetricName: 'Errors',
      Dimensions,
      Statistic: 'Sum',
      ComparisonOperator: 'GreaterThanThreshold',
      Threshold: 0,
      EvaluationPeriods: 5,
      TreatMissingData: 'notBreaching',
    });
  });

  test('the first half message rings that is undecided at the end of its check-back', () => {
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      Namespace: 'Waybill',
      MetricName: 'half-quarantined',
      Dimensions: [...ofLedger.Dimensions, { Name: 'service', Value: 'waybill' }],
      Statistic: 'Sum',
      Threshold: 0,
      EvaluationPeriods: 1,
    });
  });

  test('a message that has not ended for a quarter of an hour rings, and a relay that lags by a minute', () => {
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      ...ofLedger,
      MetricName: 'oldest-unended',
      Threshold: 900,
      EvaluationPeriods: 3,
    });
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      Namespace: 'AWS/Lambda',
      MetricName: 'IteratorAge',
      Dimensions: [
        { Name: 'FunctionName', Value: { Ref: only(resources, 'AWS::Lambda::Function', 'LedgerRelay').id } },
      ],
      Threshold: 60_000,
      EvaluationPeriods: 3,
      TreatMissingData: 'notBreaching',
    });
  });

  test('the first dead letter rings, of each subscriber, the forwarder and each check-back, and goes on ringing when SQS falls silent', () => {
    const queues = alarmsIn(stack).filter(({ MetricName }) => MetricName === 'ApproximateNumberOfMessagesVisible');

    expect(queues.map(({ Dimensions }) => Dimensions[0]?.Name)).toEqual(Array(6).fill('QueueName'));
    expect(new Set(queues.map(({ Dimensions }) => JSON.stringify(Dimensions))).size).toBe(6);
    for (const queue of queues) {
      expect(JSON.stringify(queue.Dimensions)).toContain('DeadLetterQueue');
      expect(queue).toMatchObject({ Threshold: 0, EvaluationPeriods: 1, Period: 60, TreatMissingData: 'ignore' });
    }
  });

  test('alarms of this account and region may be announced on the topic, and nothing without TLS', () => {
    const { Statement } = only(resources, 'AWS::SNS::TopicPolicy').Properties.PolicyDocument;

    expect(Statement).toEqual([
      expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
      expect.objectContaining({
        Effect: 'Allow',
        Action: 'sns:Publish',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Condition: {
          ArnLike: {
            'aws:SourceArn': {
              'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':cloudwatch:eu-central-1:111122223333:alarm:*']],
            },
          },
          StringEquals: { 'aws:SourceAccount': '111122223333' },
        },
      }),
    ]);
  });

  test('its resources are these', () => {
    const kinds = ['AWS::CloudWatch::Alarm', 'AWS::SNS::Topic', 'AWS::SNS::TopicPolicy'];
    const shown = Object.entries(snapshotOf(stack)).filter(([, { Type }]) => kinds.includes(Type));

    expect(Object.fromEntries(shown)).toMatchSnapshot();
  });
});

describe('where it is told', () => {
  test('alarms go to a topic that is there already, and to a function by one permission', () => {
    const stack = testStack();
    const topic = new sns.Topic(stack, 'Theirs');
    const handler = handlerIn(stack, 'Page');
    watchedShop({ topic, handler }, stack);
    const resources = resourcesOf(stack);

    const actions = [
      { Ref: only(resources, 'AWS::SNS::Topic').id },
      { 'Fn::GetAtt': [only(resources, 'AWS::Lambda::Function', 'Page').id, 'Arn'] },
    ];
    for (const { AlarmActions } of alarmsIn(stack)) expect(AlarmActions).toEqual(actions);
    expect(only(resources, 'AWS::Lambda::Permission').Properties).toMatchObject({
      Principal: 'lambda.alarms.cloudwatch.amazonaws.com',
      SourceAccount: '111122223333',
    });
  });

  test('thresholds are what is said, and business lines of other apps are watched too', () => {
    const { template } = watchedShop({ missingRatio: 2, businessLines: ['telemetry', 'orders'] });

    for (const line of ['telemetry', 'orders']) {
      template.hasResourceProperties('AWS::CloudWatch::Alarm', { MetricName: `${line}.missing-ratio`, Threshold: 2 });
    }
    template.resourcePropertiesCountIs('AWS::CloudWatch::Alarm', { MetricName: 'orders.missing-ratio' }, 1);
  });

  test.each([-1, 100, Number.NaN])('a ratio of %s is refused', (missingRatio) => {
    expect(() => watchedShop({ missingRatio })).toThrow(expect.objectContaining({ code: 'invalid-construct' }));
  });
});

test('where each delayed message has a schedule of its own, what schedules could not send is watched, and no sweep', () => {
  const stack = testStack();
  const ledger = new Ledger(stack, 'Ledger', { delayedDelivery: 'schedules' });
  new LedgerAlarms(stack, 'Alarms', { ledger });
  const alarms = alarmsIn(stack);

  expect(alarms.map(({ MetricName }) => MetricName)).not.toContain('Invocations');
  expect(JSON.stringify(alarms)).toContain('LedgerSchedulesDeadLetterQueue');
});

test('of a ledger that does not reconcile, relay, sweep and dead letters are watched, and nothing that is never put', () => {
  const stack = testStack();
  const ledger = new Ledger(stack, 'Ledger', { reconcile: false });
  new LedgerAlarms(stack, 'Alarms', { ledger });
  subscribe(ledger, stack);

  expect(new Set(alarmsIn(stack).map(({ MetricName }) => MetricName))).toEqual(
    new Set([
      'IteratorAge',
      'WriteThrottleEvents',
      'Invocations',
      'Errors',
      'ApproximateNumberOfMessagesVisible',
      'half-quarantined',
      'redrive.stopped',
      'transaction.late',
    ]),
  );
});

test('of a ledger of another app, what its reconciler puts is watched by its name', () => {
  const stack = testStack();
  const ledger = Ledger.fromLedgerName(stack, 'Ledger', 'shop');
  new LedgerAlarms(stack, 'Alarms', { ledger, businessLines: ['orders'] });

  const names = alarmsIn(stack).map(({ MetricName }) => MetricName);
  expect(names).toContain('orders.missing-ratio');
  expect(names).not.toContain('IteratorAge');
  Template.fromStack(stack).hasResourceProperties('AWS::CloudWatch::Alarm', {
    MetricName: 'quarantined',
    Dimensions: [{ Name: 'ledger', Value: 'shop' }],
  });
});

test('with a customer key, it encrypts the topic, and CloudWatch may use it', () => {
  const stack = testStack();
  const encryptionKey = new kms.Key(stack, 'Key');
  const ledger = new Ledger(stack, 'Ledger', { encryptionKey });
  new LedgerAlarms(stack, 'Alarms', { ledger });
  const resources = resourcesOf(stack);

  expect(only(resources, 'AWS::SNS::Topic').Properties.KmsMasterKeyId).toEqual({
    'Fn::GetAtt': [only(resources, 'AWS::KMS::Key').id, 'Arn'],
  });
  Template.fromStack(stack).hasResourceProperties('AWS::KMS::Key', {
    KeyPolicy: {
      Statement: Match.arrayWith([
        Match.objectLike({
          Principal: { Service: 'cloudwatch.amazonaws.com' },
          Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
        }),
      ]),
    },
  });
});

describe('in several stacks', () => {
  function spread(alarmsIn: 'Ledgers' | 'Subscribers' | 'Alarms'): App {
    const app = testApp();
    const stacks = new Map(['Ledgers', 'Subscribers', 'Alarms'].map((id) => [id, testStack(id, app)]));
    const [ledgers, subscribers] = [stacks.get('Ledgers')!, stacks.get('Subscribers')!];
    const ledger = new Ledger(ledgers, 'Ledger');
    const payments = new QueueChannel(ledgers, 'Payments', { ledger, events: [PaymentReceived] });
    new LedgerAlarms(stacks.get(alarmsIn)!, 'Watch', { ledger });
    new Subscriber(subscribers, 'Receipt', {
      channel: payments,
      subscriber: SendReceipt,
      handler: handlerIn(subscribers),
    });
    return app;
  }

  test.each(['Subscribers', 'Alarms'] as const)('alarms may be in the stack %s', (where) => {
    expect(() => spread(where).synth()).not.toThrow();
  });

  test("alarms in the ledger's stack cannot watch a subscriber of another, and say so", () => {
    expect(() => spread('Ledgers')).toThrow(/'send-receipt' is in another.*give the alarms a stack of their own/);
  });

  test('nor a check-back of another', () => {
    const app = testApp();
    const [ledgers, accounts] = [testStack('Ledgers', app), testStack('Accounts', app)];
    const ledger = new Ledger(ledgers, 'Ledger');
    new LedgerAlarms(ledgers, 'Alarms', { ledger });

    expect(() => new CheckBack(accounts, 'CheckBack', { ledger, handler: handlerIn(accounts) })).toThrow(
      /'Accounts\/CheckBack' is in another.*give the alarms a stack of their own/,
    );
  });
});

test.each([false, true])("cdk-nag's AwsSolutions pass on them (with a customer key: %s)", (withKey) => {
  const app = testApp();
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  const stack = testStack('Shop', app);
  const encryptionKey = withKey ? new kms.Key(stack, 'Key', { enableKeyRotation: true }) : undefined;
  const ledger = new Ledger(stack, 'Ledger', { encryptionKey });
  new LedgerAlarms(stack, 'Alarms', { ledger });

  expect(() => app.synth()).not.toThrow();
});
