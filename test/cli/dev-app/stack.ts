import { CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { FunctionUrlAuthType } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { ConsumerFunction, Ledger, ProducerFunction, QueueChannel } from 'waybill/constructs';
import { OrderPlaced, PackOrder } from './contract.ts';

export class Packing extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const ledger = new Ledger(this, 'Ledger', { removalPolicy: RemovalPolicy.DESTROY });
    const orders = new QueueChannel(this, 'Orders', { ledger, events: [OrderPlaced] });
    const entry = (name: string) => new URL(`./functions/${name}.ts`, import.meta.url);
    orders.addSubscriber(PackOrder, {
      handler: new ConsumerFunction(this, 'PackOrder', { entry: entry('pack-order') }),
    });
    const place = new ProducerFunction(this, 'PlaceOrder', {
      entry: entry('place-order'),
      ledger,
      publishes: [OrderPlaced],
    });
    const url = place.addFunctionUrl({ authType: FunctionUrlAuthType.NONE });
    new CfnOutput(this, 'PlaceOrderUrl', { value: url.url });
  }
}
