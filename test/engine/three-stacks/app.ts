import { App, CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AttributeType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { BINDINGS, type SubscriberDefinition, tableBinding } from 'waybill';
import { ConsumerFunction, Ledger, QueueChannel, StreamChannel, Subscriber } from 'waybill/constructs';
import { outputName } from '../output-name.ts';
import { ArchiveParcel, Effects, NotifyReceiver, ParcelArrived, SortParcel, TrackParcel } from './contract.ts';

/** Ledger, channels and each team's subscribers in stacks of their own. */
const app = new App();
const removalPolicy = RemovalPolicy.DESTROY;

const ground = new Stack(app, 'Ground');
const ledger = new Ledger(ground, 'Ledger', { removalPolicy });
const effects = new TableV2(ground, 'Effects', {
  partitionKey: { name: Effects.partitionKey, type: AttributeType.STRING },
  sortKey: { name: 'subscriber', type: AttributeType.STRING },
  removalPolicy,
});
output(ground, BINDINGS.ledger, ledger.table.tableName);
output(ground, BINDINGS.shards, String(ledger.shards));
output(ground, tableBinding(Effects.name), effects.tableName);
output(ground, 'relay', ledger.relay.functionName);

const channels = new Stack(app, 'Channels');
const arrivals = new QueueChannel(channels, 'Arrivals', { ledger, events: [ParcelArrived] });
const tracking = new StreamChannel(channels, 'Tracking', {
  ledger,
  events: [ParcelArrived],
  shardCount: 1,
  removalPolicy,
});
output(channels, 'stream', tracking.stream.streamName);

const tables = { effects };
const sorting = new Stack(app, 'Sorting');
new Subscriber(sorting, 'Sort', {
  channel: arrivals,
  subscriber: SortParcel,
  handler: handlerOf(sorting, SortParcel),
  tables,
});
const service = new Stack(app, 'Service');
new Subscriber(service, 'Notify', {
  channel: arrivals,
  subscriber: NotifyReceiver,
  handler: handlerOf(service, NotifyReceiver),
  tables,
});
new Subscriber(service, 'Track', {
  channel: tracking,
  subscriber: TrackParcel,
  handler: handlerOf(service, TrackParcel),
  tables,
});
const archives = new Stack(app, 'Archives');
new Subscriber(archives, 'Archive', {
  channel: arrivals,
  subscriber: ArchiveParcel,
  handler: handlerOf(archives, ArchiveParcel),
  tables,
});

function handlerOf(stack: Stack, { name }: SubscriberDefinition): ConsumerFunction {
  return new ConsumerFunction(stack, `${name}-function`, {
    entry: new URL(`./functions/${name}.ts`, import.meta.url),
    timeout: Duration.seconds(5),
    logRemovalPolicy: removalPolicy,
  });
}

function output(stack: Stack, name: string, value: string): void {
  new CfnOutput(stack, outputName(name), { value });
}
