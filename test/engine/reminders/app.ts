import { App, Stack } from 'aws-cdk-lib';
import { BINDINGS } from 'waybill';
import { CheckBack, Ledger, QueueChannel, StreamChannel } from 'waybill/constructs';
import { businessTable, functionOf, output, outputLedger, removalPolicy } from '../app-parts.ts';
import { ChartBell, Effects, ReminderDue, RingAlarm, RingBell } from './contract.ts';

/** A ledger whose delayed messages are swept, and one in which each has a schedule of its own. */
const stack = new Stack(new App(), 'Reminders');
const events = [ReminderDue];
const tables = { effects: businessTable(stack, 'Effects', Effects) };
const handlerOf = (name: string) => functionOf(stack, import.meta.url, name);

const swept = new Ledger(stack, 'Swept', { removalPolicy });
const bells = new QueueChannel(stack, 'Bells', { ledger: swept, events });
const charts = new StreamChannel(stack, 'Charts', { ledger: swept, events, shardCount: 1, removalPolicy });
bells.addSubscriber(RingBell, { handler: handlerOf(RingBell.name), tables });
charts.addSubscriber(ChartBell, { handler: handlerOf(ChartBell.name), tables });
const checkBack = new CheckBack(stack, 'CheckBack', { ledger: swept, handler: handlerOf('ask-clerk') });

const scheduled = new Ledger(stack, 'Scheduled', { delayedDelivery: 'schedules', removalPolicy });
const alarms = new QueueChannel(stack, 'Alarms', { ledger: scheduled, events });
alarms.addSubscriber(RingAlarm, { handler: handlerOf(RingAlarm.name), tables });

outputLedger(stack, swept);
output(stack, BINDINGS.forwardQueueUrl, swept.forwardQueue.queueUrl);
output(stack, BINDINGS.checkBackQueueUrl, checkBack.queue.queueUrl);
output(stack, 'sweep', swept.sweeper?.functionName ?? '');
output(stack, 'reconciler', swept.reconciler?.functionName ?? '');
output(stack, 'scheduling relay', scheduled.relay.functionName);
