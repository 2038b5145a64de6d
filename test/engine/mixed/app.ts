import { App, CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AttributeType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { BINDINGS, type SubscriberDefinition, tableBinding } from 'waybill';
import { ConsumerFunction, Ledger, QueueChannel, StreamChannel, type Subscriber } from 'waybill/constructs';
import { outputName } from '../output-name.ts';
import {
  ChartParcelV1,
  ChartParcelV2,
  LoadParcelV1,
  LoadParcelV2,
  ParcelWeighedV1,
  ParcelWeighedV2,
  Weights,
} from './contract.ts';

/** Context: `consumers` is 1 or 2, the newest version of the event that the deployed consumers know. */
const app = new App();
const known = Number(app.node.tryGetContext('consumers'));
const stack = new Stack(app, 'Mixed');
const removalPolicy = RemovalPolicy.DESTROY;
const ledger = new Ledger(stack, 'Ledger', { removalPolicy });
const events = [known === 1 ? ParcelWeighedV1 : ParcelWeighedV2];
const loading = new QueueChannel(stack, 'Loading', { ledger, events });
const charts = new StreamChannel(stack, 'Charts', { ledger, events, removalPolicy, shardCount: 1 });
const weights = new TableV2(stack, 'Weights', {
  partitionKey: { name: Weights.partitionKey, type: AttributeType.STRING },
  sortKey: { name: 'subscriber', type: AttributeType.STRING },
  removalPolicy,
});
const LoadParcel = known === 1 ? LoadParcelV1 : LoadParcelV2;
const ChartParcel = known === 1 ? ChartParcelV1 : ChartParcelV2;
const tables = { weights };

outputSubscriber(LoadParcel, loading.addSubscriber(LoadParcel, { handler: handlerOf(LoadParcel), tables }));
outputSubscriber(ChartParcel, charts.addSubscriber(ChartParcel, { handler: handlerOf(ChartParcel), tables }));
output(BINDINGS.ledger, ledger.table.tableName);
output(BINDINGS.shards, String(ledger.shards));
output(tableBinding(Weights.name), weights.tableName);

function handlerOf({ name }: SubscriberDefinition): ConsumerFunction {
  return new ConsumerFunction(stack, name, {
    entry: new URL(`./functions/${name}-v${known}.ts`, import.meta.url),
    timeout: Duration.seconds(5),
    logRemovalPolicy: removalPolicy,
  });
}

function outputSubscriber({ name }: SubscriberDefinition, { queue, deadLetterQueue }: Subscriber): void {
  output(`${name}-queue`, queue.queueUrl);
  output(`${name}-dead-letters`, deadLetterQueue.queueUrl);
}

function output(name: string, value: string): void {
  new CfnOutput(stack, outputName(name), { value });
}
