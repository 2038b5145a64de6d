import { CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AttributeType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import type { AnyTable, SubscriberDefinition } from 'waybill';
import {
  ConsumerFunction,
  Ledger,
  LedgerAlarms,
  LedgerWatcher,
  QueueChannel,
  type ScaleOptions,
} from 'waybill/constructs';
import { BookCourier, Bookings, CourierRequested, SaleOrdered, SellPiece, Shelf, Sold } from './contract.ts';

export interface FlashSaleProps {
  /** When couriers are booked by more functions at once. @default the defaults of `scale` */
  readonly scale?: ScaleOptions;
  /** How soon a courier should have been booked. @default the subscriber's own */
  readonly deadline?: Duration;
  /** Whether deleting the stack deletes its data too: for trying it out. @default false */
  readonly disposable?: boolean;
}

/** A sale of one product: all orders write one row, and some need a courier, which is slow. */
export class FlashSale extends Stack {
  constructor(scope: Construct, id: string, { scale = {}, deadline, disposable = false }: FlashSaleProps = {}) {
    super(scope, id);
    const removalPolicy = disposable ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN;
    const table = ({ name, partitionKey }: AnyTable) => {
      const made = new TableV2(this, name, {
        partitionKey: { name: partitionKey, type: AttributeType.STRING },
        removalPolicy,
      });
      new CfnOutput(this, `${name}Table`, { value: made.tableName });
      return made;
    };
    const handler = ({ name }: SubscriberDefinition) =>
      new ConsumerFunction(this, `${name}-function`, {
        entry: new URL(`./functions/${name}.ts`, import.meta.url),
        timeout: Duration.seconds(10),
        logRemovalPolicy: removalPolicy,
      });
    const ledger = new Ledger(this, 'Ledger', { removalPolicy });
    const sales = new QueueChannel(this, 'Sales', { ledger, events: [SaleOrdered] });
    const couriers = new QueueChannel(this, 'Couriers', { ledger, events: [CourierRequested] });
    sales.addSubscriber(SellPiece, { handler: handler(SellPiece), tables: { shelf: table(Shelf), sold: table(Sold) } });
    // A booking takes seconds, so each has an invocation of its own.
    const bookCourier = couriers.addSubscriber(BookCourier, {
      handler: handler(BookCourier),
      tables: { bookings: table(Bookings) },
      batchSize: 1,
      scale,
      deadline,
    });
    new LedgerWatcher(this, 'Watcher', { ledger });
    new LedgerAlarms(this, 'Alarms', { ledger });
    for (const [name, value] of Object.entries({
      LedgerTable: ledger.table.tableName,
      LedgerShards: String(ledger.shards),
      CourierQueue: bookCourier.queue.queueUrl,
    })) {
      new CfnOutput(this, name, { value });
    }
  }
}
