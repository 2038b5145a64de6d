import { App, type Stack } from 'aws-cdk-lib';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Approval } from '../../examples/approval/stack.ts';
import { Commerce } from '../../examples/commerce/stack.ts';
import { Travel } from '../../examples/travel/stack.ts';
import {
  CheckBack,
  FifoChannel,
  Ledger,
  LedgerAlarms,
  LedgerDashboard,
  QueueChannel,
  StreamChannel,
  Subscriber,
} from '../../lib/public/constructs.ts';
import {
  Book,
  CountSales,
  Deposited,
  handlerIn,
  OrderCancelled,
  OrderPlaced,
  PaymentReceived,
  ReserveStock,
  SendReceipt,
  tableIn,
  testStack,
} from '../constructs/shop-app.ts';

/**
 * An app that holds every stack of the examples and every shape of the constructs' tests.
 * @param validated whether CDK's own validation checks it, which takes seconds
 */
export function everyStack(outdir: string, validated = true): App {
  const context = { 'aws:cdk:bundling-stacks': [] };
  const app = new App({ outdir, analyticsReporting: false, builtinCloudFormationValidation: validated, context });
  new Commerce(app, 'Commerce');
  new Commerce(app, 'DisposableCommerce', { disposable: true });
  new Travel(app, 'Travel', { providerUrl: 'http://localhost' });
  new Approval(app, 'Approval');
  const one = testStack('Whole', app);
  shopOver(one, one, one, one, 'whole');
  const key = testStack('Encrypted', app);
  shopOver(key, key, key, key, 'encrypted', new kms.Key(key, 'Key', { enableKeyRotation: true }));
  const [ledgers, channels, handlers, subscribers] = ['Ledgers', 'Channels', 'Handlers', 'Subscribers'].map((id) =>
    testStack(id, app),
  ) as [Stack, Stack, Stack, Stack];
  shopOver(ledgers, channels, handlers, subscribers, 'spread');
  const ours = testStack('Ours', app);
  const theirs = Ledger.fromLedgerName(ours, 'Theirs', 'whole');
  const payments = new QueueChannel(ours, 'Payments', { ledger: theirs, events: [PaymentReceived] });
  payments.addSubscriber(SendReceipt, { handler: handlerIn(ours) });
  theirs.grantSend(handlerIn(ours, 'Send'));
  return app;
}

/**
 * A queue subscriber, a stream subscriber and producers of all kinds, in as many stacks as there are. With a key, each
 * delayed message has a schedule of its own.
 */
function shopOver(
  ledgers: Stack,
  channels: Stack,
  handlers: Stack,
  subscribers: Stack,
  ledgerName: string,
  encryptionKey?: kms.IKey,
): void {
  const ledger = new Ledger(ledgers, 'Ledger', {
    ledgerName,
    ...(encryptionKey && { encryptionKey, delayedDelivery: 'schedules' }),
  });
  const orders = new QueueChannel(channels, 'Orders', { ledger, events: [OrderPlaced, OrderCancelled] });
  const sales = new StreamChannel(channels, 'Sales', { ledger, events: [OrderPlaced] });
  new Subscriber(subscribers, 'Reserve', {
    channel: orders,
    subscriber: ReserveStock,
    handler: handlerIn(handlers, 'ReserveFunction'),
    tables: { stock: tableIn(handlers) },
  });
  new Subscriber(subscribers, 'Count', {
    channel: sales,
    subscriber: CountSales,
    handler: handlerIn(handlers, 'CountFunction'),
    tables: { 'sales-counts': tableIn(handlers, 'Counts') },
  });
  const accounts = new FifoChannel(channels, 'Accounts', { ledger, events: [Deposited] });
  new Subscriber(subscribers, 'Book', {
    channel: accounts,
    subscriber: Book,
    handler: handlerIn(handlers, 'BookFunction'),
  });
  ledger.grantPublish(handlerIn(handlers, 'PlaceOrder'), { publishes: [OrderPlaced, Deposited] });
  const producer = handlerIn(handlers, 'Pay');
  ledger.grantSend(producer);
  ledger.grantCancel(producer);
  new CheckBack(channels, 'CheckBack', { ledger, handler: handlerIn(handlers, 'Ask'), producer });
  const alarms = new LedgerAlarms(handlers, 'Alarms', { ledger, handler: handlerIn(handlers, 'OnCall') });
  new LedgerDashboard(handlers, 'Dashboard', { ledger, alarms });
}
