import { Stack } from 'aws-cdk-lib';
import { AttributeType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import { ConsumerFunction, Ledger, QueueChannel } from 'waybill/constructs';
import { OrderPlaced, ReserveStock } from './contract.ts';

/** A service with one subscriber: what there is to deploy. */
export class Shop extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const ledger = new Ledger(this, 'Ledger');
    const orders = new QueueChannel(this, 'Orders', { ledger, events: [OrderPlaced] });
    const stock = new TableV2(this, 'Stock', { partitionKey: { name: 'sku', type: AttributeType.STRING } });
    const entry = new URL('./functions/reserve-stock.ts', import.meta.url);
    const handler = new ConsumerFunction(this, 'ReserveStock', { entry });
    orders.addSubscriber(ReserveStock, { handler, tables: { stock } });
  }
}
