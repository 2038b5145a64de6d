import { CfnOutput, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { AttributeType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { FunctionUrlAuthType } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { ConsumerFunction, Ledger, ProducerFunction, QueueChannel } from 'waybill/constructs';
import { OrderPlaced, ReserveStock } from './contract.ts';

export interface ShopProps extends StackProps {
  /** Whether deleting the stack deletes its data too. @default false */
  readonly disposable?: boolean;
}

export class Shop extends Stack {
  constructor(scope: Construct, id: string, { disposable = false, ...props }: ShopProps = {}) {
    super(scope, id, props);
    const removalPolicy = disposable ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN;
    const entry = (name: string) => new URL(`./functions/${name}.ts`, import.meta.url);

    const ledger = new Ledger(this, 'Ledger', { removalPolicy });
    const orders = new QueueChannel(this, 'Orders', { ledger, events: [OrderPlaced] });

    const stock = new TableV2(this, 'Stock', {
      partitionKey: { name: 'sku', type: AttributeType.STRING },
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy,
    });
    orders.addSubscriber(ReserveStock, {
      handler: new ConsumerFunction(this, 'ReserveStock', { entry: entry('reserve-stock') }),
      tables: { stock },
    });

    const placeOrder = new ProducerFunction(this, 'PlaceOrder', {
      entry: entry('place-order'),
      ledger,
      publishes: [OrderPlaced],
    });
    // On AWS, whoever calls it signs the request, and is granted it by `url.grantInvokeUrl`. On an engine, anybody may.
    const isOnEngine = this.node.tryGetContext('waybill:engine') === 'true';
    const authType = isOnEngine ? FunctionUrlAuthType.NONE : FunctionUrlAuthType.AWS_IAM;
    const url = placeOrder.addFunctionUrl({ authType });
    new CfnOutput(this, 'PlaceOrderUrl', { value: url.url });
    new CfnOutput(this, 'StockTable', { value: stock.tableName });
  }
}
