import { App, Stack } from 'aws-cdk-lib';
import type { SubscriberDefinition } from 'waybill';
import { type IChannel, Ledger, QueueChannel, StreamChannel, Subscriber } from 'waybill/constructs';
import { businessTable, functionOf, output, outputLedger, removalPolicy } from '../app-parts.ts';
import { ArchiveParcel, Effects, NotifyReceiver, ParcelArrived, SortParcel, TrackParcel } from './contract.ts';

/** Ledger, channels and each team's subscribers in stacks of their own. */
const app = new App();
const ground = new Stack(app, 'Ground');
const ledger = new Ledger(ground, 'Ledger', { removalPolicy });
const tables = { effects: businessTable(ground, 'Effects', Effects) };
outputLedger(ground, ledger);
output(ground, 'relay', ledger.relay.functionName);

const channels = new Stack(app, 'Channels');
const of = { ledger, events: [ParcelArrived] };
const arrivals = new QueueChannel(channels, 'Arrivals', of);
const tracking = new StreamChannel(channels, 'Tracking', { ...of, shardCount: 1, removalPolicy });
output(channels, 'stream', tracking.stream.streamName);

subscribe(new Stack(app, 'Sorting'), 'Sort', arrivals, SortParcel);
const service = new Stack(app, 'Service');
subscribe(service, 'Notify', arrivals, NotifyReceiver);
subscribe(service, 'Track', tracking, TrackParcel);
subscribe(new Stack(app, 'Archives'), 'Archive', arrivals, ArchiveParcel);

function subscribe(stack: Stack, id: string, channel: IChannel, subscriber: SubscriberDefinition): void {
  const handler = functionOf(stack, import.meta.url, subscriber.name);
  new Subscriber(stack, id, { channel, subscriber, handler, tables });
}
