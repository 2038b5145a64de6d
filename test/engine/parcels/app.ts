import { App, CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AttributeType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { BINDINGS, type SubscriberDefinition, tableBinding } from 'waybill';
import { ConsumerFunction, Ledger, QueueChannel, StreamChannel, type Subscriber } from 'waybill/constructs';
import { outputName } from '../output-name.ts';
import { CountParcel, DeliverParcel, Effects, ParcelAccepted, ParcelStamped, StampParcel, Totals } from './contract.ts';

/** Two subscribers one after the other on queues, a third on a stream beside them. */
const stack = new Stack(new App(), 'Parcels');
const removalPolicy = RemovalPolicy.DESTROY;
const ledger = new Ledger(stack, 'Ledger', { removalPolicy });
const accepted = new QueueChannel(stack, 'Accepted', { ledger, events: [ParcelAccepted] });
const stamped = new QueueChannel(stack, 'Stamped', { ledger, events: [ParcelStamped] });
const counted = new StreamChannel(stack, 'Counted', { ledger, events: [ParcelAccepted], removalPolicy, shardCount: 2 });
const effects = new TableV2(stack, 'Effects', {
  partitionKey: { name: Effects.partitionKey, type: AttributeType.STRING },
  sortKey: { name: 'subscriber', type: AttributeType.STRING },
  removalPolicy,
});
const totals = new TableV2(stack, 'Totals', {
  partitionKey: { name: Totals.partitionKey, type: AttributeType.STRING },
  removalPolicy,
});
const stamp = handlerOf(StampParcel);
const deliver = handlerOf(DeliverParcel);
const count = handlerOf(CountParcel);

outputSubscriber(StampParcel, accepted.addSubscriber(StampParcel, { handler: stamp, tables: { effects, totals } }));
outputSubscriber(DeliverParcel, stamped.addSubscriber(DeliverParcel, { handler: deliver, tables: { effects } }));
outputSubscriber(CountParcel, counted.addSubscriber(CountParcel, { handler: count, tables: { effects, totals } }));
output(BINDINGS.ledger, ledger.table.tableName);
output(BINDINGS.shards, String(ledger.shards));
output(tableBinding(Effects.name), effects.tableName);
output(tableBinding(Totals.name), totals.tableName);
output('relay', ledger.relay.functionName);
output('stream', counted.stream.streamName);

function handlerOf({ name }: SubscriberDefinition): ConsumerFunction {
  return new ConsumerFunction(stack, name, {
    entry: new URL(`./functions/${name}.ts`, import.meta.url),
    timeout: Duration.seconds(5),
    logRemovalPolicy: removalPolicy,
  });
}

function outputSubscriber({ name }: SubscriberDefinition, { handler, queue, deadLetterQueue }: Subscriber): void {
  output(name, handler.functionName);
  output(`${name}-queue`, queue.queueUrl);
  output(`${name}-dead-letters`, deadLetterQueue.queueUrl);
}

function output(name: string, value: string): void {
  new CfnOutput(stack, outputName(name), { value });
}
