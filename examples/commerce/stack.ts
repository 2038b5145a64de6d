import { CfnOutput, Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { AttributeType, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import type { AnyTable, SubscriberDefinition } from 'waybill';
import {
  ConsumerFunction,
  Ledger,
  LedgerAlarms,
  LedgerDashboard,
  QueueChannel,
  StreamChannel,
  type Subscriber,
} from 'waybill/constructs';
import {
  CountSales,
  NoteShipping,
  OrderPlaced,
  Orders,
  PaymentSucceeded,
  Payments,
  Reservations,
  ReserveStock,
  Sales,
  ShippingNotes,
  Stock,
  StockReserved,
  TakePayment,
} from './contract.ts';

export interface CommerceProps extends StackProps {
  /** Whether deleting the stack deletes its data too: for trying it out. @default false */
  readonly disposable?: boolean;
  /** How soon after its commit a message should have ended at each subscriber. @default the subscribers' own */
  readonly deadline?: Duration;
  /** Where the payment provider is, e.g. `https://psp.example`. @default none: the shop sells on account */
  readonly paymentProvider?: string;
}

/** The example shop: payment, stock and shipping note one after another on queues, sales statistics on a stream beside. */
export class Commerce extends Stack {
  constructor(scope: Construct, id: string, given: CommerceProps = {}) {
    const { disposable = false, deadline, paymentProvider, ...props } = given;
    super(scope, id, props);
    const removalPolicy = disposable ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN;
    const table = (definition: AnyTable) => businessTable(this, definition, removalPolicy);
    const handler = (definition: SubscriberDefinition) => consumerFunction(this, definition, removalPolicy);

    const ledger = new Ledger(this, 'Ledger', { removalPolicy });
    const orders = new QueueChannel(this, 'Orders', { ledger, events: [OrderPlaced] });
    const payments = new QueueChannel(this, 'Payments', { ledger, events: [PaymentSucceeded] });
    const inventory = new QueueChannel(this, 'Inventory', { ledger, events: [StockReserved] });
    // The same orders a second time: to whoever reads the stream.
    const stream = new StreamChannel(this, 'OrderStream', { ledger, events: [OrderPlaced], removalPolicy });

    const paying = handler(TakePayment);
    if (paymentProvider) paying.addEnvironment('PAYMENT_PROVIDER_URL', paymentProvider);
    const takePayment = orders.addSubscriber(TakePayment, {
      handler: paying,
      tables: { orders: table(Orders), payments: table(Payments) },
      tableActions: {
        // Whether an order is to be charged is read first.
        orders: [...(paymentProvider ? (['dynamodb:GetItem'] as const) : []), 'dynamodb:UpdateItem'],
        payments: ['dynamodb:UpdateItem'],
      },
      deadline,
    });
    const reserveStock = payments.addSubscriber(ReserveStock, {
      handler: handler(ReserveStock),
      tables: { stock: table(Stock), reservations: table(Reservations) },
      tableActions: { stock: ['dynamodb:GetItem', 'dynamodb:UpdateItem'], reservations: ['dynamodb:UpdateItem'] },
      deadline,
    });
    const noteShipping = inventory.addSubscriber(NoteShipping, {
      handler: handler(NoteShipping),
      tables: { 'shipping-notes': table(ShippingNotes) },
      tableActions: { 'shipping-notes': ['dynamodb:UpdateItem'] },
      deadline,
    });
    const countSales = stream.addSubscriber(CountSales, {
      handler: handler(CountSales),
      tables: { sales: table(Sales) },
      tableActions: { sales: ['dynamodb:UpdateItem'] },
      deadline,
    });

    const alarms = new LedgerAlarms(this, 'Alarms', { ledger });
    new LedgerDashboard(this, 'Dashboard', { ledger, alarms });

    output(this, 'LedgerTable', ledger.table.tableName);
    output(this, 'LedgerShards', String(ledger.shards));
    output(this, 'RelayLogs', ledger.relay.logGroup.logGroupName);
    output(this, 'SalesStream', stream.stream.streamName);
    outputSubscriber(this, TakePayment, takePayment);
    outputSubscriber(this, ReserveStock, reserveStock);
    outputSubscriber(this, NoteShipping, noteShipping);
    outputSubscriber(this, CountSales, countSales);
  }
}

function businessTable(stack: Commerce, definition: AnyTable, removalPolicy: RemovalPolicy): TableV2 {
  const { name, partitionKey, sortKey } = definition;
  const type = (column: string) => (NUMBERS.has(column) ? AttributeType.NUMBER : AttributeType.STRING);
  const table = new TableV2(stack, `${name}-table`, {
    partitionKey: { name: partitionKey, type: type(partitionKey) },
    ...(sortKey && { sortKey: { name: sortKey, type: type(sortKey) } }),
    encryption: TableEncryptionV2.awsManagedKey(),
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    deletionProtection: removalPolicy === RemovalPolicy.RETAIN,
    removalPolicy,
  });
  output(stack, `${pascalCase(name)}Table`, table.tableName);
  return table;
}

/** Key columns that hold numbers. */
const NUMBERS = new Set(['paymentSequence']);

function consumerFunction(
  stack: Commerce,
  { name }: SubscriberDefinition,
  removalPolicy: RemovalPolicy,
): ConsumerFunction {
  return new ConsumerFunction(stack, `${name}-function`, {
    entry: new URL(`./functions/${name}.ts`, import.meta.url),
    timeout: Duration.seconds(10),
    logRemovalPolicy: removalPolicy,
  });
}

/** Where a program outside finds a subscriber's queues and logs. */
function outputSubscriber(stack: Commerce, definition: SubscriberDefinition, deployed: Subscriber): void {
  const name = pascalCase(definition.name);
  output(stack, `${name}Queue`, deployed.queue.queueUrl);
  output(stack, `${name}DeadLetterQueue`, deployed.deadLetterQueue.queueUrl);
  output(stack, `${name}Logs`, deployed.handler.logGroup.logGroupName);
  output(stack, `${name}RecorderLogs`, deployed.recorder.logGroup.logGroupName);
}

function output(stack: Commerce, name: string, value: string): void {
  new CfnOutput(stack, name, { value });
}

function pascalCase(name: string): string {
  return name.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
}
