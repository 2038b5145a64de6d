import { App, Stack } from 'aws-cdk-lib';
import type { SubscriberDefinition } from 'waybill';
import { Ledger, QueueChannel, StreamChannel } from 'waybill/constructs';
import { businessTable, functionOf, output, outputLedger, outputSubscriber, removalPolicy } from '../app-parts.ts';
import { CountParcel, DeliverParcel, Effects, ParcelAccepted, ParcelStamped, StampParcel, Totals } from './contract.ts';

/** Two subscribers one after the other on queues, a third on a stream beside them. */
const stack = new Stack(new App(), 'Parcels');
const ledger = new Ledger(stack, 'Ledger', { removalPolicy });
const accepted = new QueueChannel(stack, 'Accepted', { ledger, events: [ParcelAccepted] });
const stamped = new QueueChannel(stack, 'Stamped', { ledger, events: [ParcelStamped] });
const counted = new StreamChannel(stack, 'Counted', { ledger, events: [ParcelAccepted], removalPolicy, shardCount: 2 });
const effects = businessTable(stack, 'Effects', Effects);
const totals = businessTable(stack, 'Totals', Totals);
const handlerOf = ({ name }: SubscriberDefinition) => functionOf(stack, import.meta.url, name);
const [stamp, deliver, count] = [handlerOf(StampParcel), handlerOf(DeliverParcel), handlerOf(CountParcel)];

const stamps = accepted.addSubscriber(StampParcel, { handler: stamp, tables: { effects, totals } });
outputSubscriber(stack, StampParcel.name, stamps);
const delivery = stamped.addSubscriber(DeliverParcel, { handler: deliver, tables: { effects } });
outputSubscriber(stack, DeliverParcel.name, delivery);
const counts = counted.addSubscriber(CountParcel, { handler: count, tables: { effects, totals } });
outputSubscriber(stack, CountParcel.name, counts);
outputLedger(stack, ledger);
output(stack, 'relay', ledger.relay.functionName);
output(stack, 'stream', counted.stream.streamName);
