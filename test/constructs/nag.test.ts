import { type App, Duration, Validations } from 'aws-cdk-lib';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, test, vi } from 'vitest';
import { Reimburse } from '../../examples/approval/contract.ts';
import {
  CheckBack,
  ConsumerFunction,
  FifoChannel,
  Ledger,
  LedgerAlarms,
  LedgerDashboard,
  LedgerWatcher,
  QueueChannel,
  Saga,
  StreamChannel,
  Subscriber,
} from '../../lib/public/constructs.ts';
import {
  Book,
  CountSales,
  Deposited,
  OrderCancelled,
  OrderPlaced,
  PaymentReceived,
  ReserveStock,
  SendReceipt,
  tableIn,
  testApp,
  testStack,
} from './shop-app.ts';

/** A shop in one stack and in four, checked by CDK's own validation too. */
function checkedShop(spread: boolean, withKey: boolean): App {
  const app = testApp({ builtinCloudFormationValidation: true });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  const shop = testStack('Shop', app);
  const stackOf = (id: string) => (spread ? testStack(id, app) : shop);
  const [ledgers, channels, handlers] = [stackOf('Ledgers'), stackOf('Channels'), stackOf('Handlers')];
  const encryptionKey = withKey ? new kms.Key(ledgers, 'Key', { enableKeyRotation: true }) : undefined;
  const functionOf = (id: string) => new ConsumerFunction(handlers, id, { entry: import.meta.filename, encryptionKey });

  const ledger = new Ledger(ledgers, 'Ledger', { ledgerName: 'shop', encryptionKey });
  const orders = new QueueChannel(channels, 'Orders', { ledger, events: [OrderPlaced, OrderCancelled] });
  const sales = new StreamChannel(channels, 'Sales', { ledger, events: [OrderPlaced] });
  new Subscriber(shop, 'Reserve', {
    channel: orders,
    subscriber: ReserveStock,
    handler: functionOf('ReserveFunction'),
    tables: { stock: tableIn(handlers) },
    breaker: {},
    scale: { forecast: { perSecond: 10 } },
  });
  new LedgerWatcher(shop, 'Watcher', { ledger });
  sales.addSubscriber(CountSales, {
    handler: functionOf('CountFunction'),
    tables: { 'sales-counts': tableIn(handlers, 'Counts') },
  });
  const accounts = new FifoChannel(channels, 'Accounts', { ledger, events: [Deposited] });
  accounts.addSubscriber(Book, { handler: functionOf('BookFunction') });
  new Saga(shop, 'Reimburse', {
    ledger,
    saga: Reimburse,
    steps: {
      hold: { handler: functionOf('Hold'), tables: { budgets: tableIn(handlers, 'Budgets', 'team') } },
      pay: { handler: functionOf('PayExpense'), tables: { payments: tableIn(handlers, 'Expenses', 'expenseId') } },
    },
    tooOld: Duration.days(8),
  });
  ledger.grantPublish(functionOf('PlaceOrder'), { publishes: [OrderPlaced, Deposited] });
  const producer = functionOf('Pay');
  ledger.grantSend(producer);
  ledger.grantCancel(producer);
  new CheckBack(shop, 'CheckBack', { ledger, handler: functionOf('Ask'), producer });
  new Ledger(ledgers, 'Scheduled', { ledgerName: 'scheduled', encryptionKey, delayedDelivery: 'schedules' });
  const alarms = new LedgerAlarms(handlers, 'Alarms', { ledger, handler: functionOf('OnCall') });
  new LedgerDashboard(handlers, 'Dashboard', { ledger, alarms });

  const imported = Ledger.fromLedgerName(shop, 'Theirs', 'theirs', { encryptionKey });
  const payments = new QueueChannel(shop, 'Payments', { ledger: imported, events: [PaymentReceived] });
  payments.addSubscriber(SendReceipt, { handler: functionOf('ReceiptFunction') });
  return app;
}

// CDK's own validation is an engine that takes seconds to start.
vi.setConfig({ testTimeout: 60_000 });

describe.each([
  ['one stack', false],
  ['four stacks', true],
])('in %s', (_, spread) => {
  test.each([
    ['keys that AWS manages', false],
    ["a customer's key", true],
  ])("cdk-nag's AwsSolutions and CDK's own checks pass with %s", (__, withKey) => {
    const app = checkedShop(spread, withKey);

    expect(() => app.synth()).not.toThrow();
  });
});

test('every acknowledgement is of a rule that is known here, with its reason', () => {
  const app = checkedShop(true, true);
  app.synth();

  const acknowledged = app.node
    .findAll()
    .flatMap(({ node }) => node.metadata)
    .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
    .flatMap(({ data }) => Object.entries(data as Record<string, string>));
  const rules = acknowledged.map(([id]) => id.replace(/^annotation::/i, '').replace(/\[.*/, ''));
  expect([...new Set(rules)].sort()).toEqual([
    'AwsSolutions-IAM5',
    'AwsSolutions-KDS3',
    'AwsSolutions-S1',
    'AwsSolutions-SF1',
    'AwsSolutions-SF2',
    'AwsSolutions-SQS3',
  ]);
  for (const [, reason] of acknowledged) expect(reason.length).toBeGreaterThan(20);
});

test('a queue without TLS beside them is found', () => {
  const app = checkedShop(false, false);
  new sqs.Queue(testStack('Careless', app), 'Plain');

  expect(() => app.synth()).toThrow('AwsSolutions-SQS4');
});
