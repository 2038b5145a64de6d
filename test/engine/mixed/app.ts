import { App, Stack } from 'aws-cdk-lib';
import { Ledger, QueueChannel, StreamChannel } from 'waybill/constructs';
import { businessTable, functionOf, outputLedger, outputSubscriber, removalPolicy } from '../app-parts.ts';
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
const ledger = new Ledger(stack, 'Ledger', { removalPolicy });
const events = [known === 1 ? ParcelWeighedV1 : ParcelWeighedV2];
const loading = new QueueChannel(stack, 'Loading', { ledger, events });
const charts = new StreamChannel(stack, 'Charts', { ledger, events, removalPolicy, shardCount: 1 });
const tables = { weights: businessTable(stack, 'Weights', Weights) };
const LoadParcel = known === 1 ? LoadParcelV1 : LoadParcelV2;
const ChartParcel = known === 1 ? ChartParcelV1 : ChartParcelV2;
const handlerOf = ({ name }: { readonly name: string }) =>
  functionOf(stack, import.meta.url, name, `${name}-v${known}`);

outputLedger(stack, ledger);
const loader = loading.addSubscriber(LoadParcel, { handler: handlerOf(LoadParcel), tables });
outputSubscriber(stack, LoadParcel.name, loader);
const chart = charts.addSubscriber(ChartParcel, { handler: handlerOf(ChartParcel), tables });
outputSubscriber(stack, ChartParcel.name, chart);
