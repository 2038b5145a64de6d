import { App, CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AttributeType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { BINDINGS, tableBinding } from 'waybill';
import { CheckBack, ConsumerFunction, Ledger, QueueChannel, StreamChannel } from 'waybill/constructs';
import { outputName } from '../output-name.ts';
import { ChartBell, Effects, ReminderDue, RingAlarm, RingBell } from './contract.ts';

/** A ledger whose delayed messages are swept, and one in which each has a schedule of its own. */
const stack = new Stack(new App(), 'Reminders');
const removalPolicy = RemovalPolicy.DESTROY;
const events = [ReminderDue];
const effects = new TableV2(stack, 'Effects', {
  partitionKey: { name: Effects.partitionKey, type: AttributeType.STRING },
  sortKey: { name: 'subscriber', type: AttributeType.STRING },
  removalPolicy,
});
const tables = { effects };

const swept = new Ledger(stack, 'Swept', { removalPolicy });
const bells = new QueueChannel(stack, 'Bells', { ledger: swept, events });
const charts = new StreamChannel(stack, 'Charts', { ledger: swept, events, shardCount: 1, removalPolicy });
bells.addSubscriber(RingBell, { handler: functionOf(RingBell.name), tables });
charts.addSubscriber(ChartBell, { handler: functionOf(ChartBell.name), tables });
const checkBack = new CheckBack(stack, 'CheckBack', { ledger: swept, handler: functionOf('ask-clerk') });

const scheduled = new Ledger(stack, 'Scheduled', { delayedDelivery: 'schedules', removalPolicy });
const alarms = new QueueChannel(stack, 'Alarms', { ledger: scheduled, events });
alarms.addSubscriber(RingAlarm, { handler: functionOf(RingAlarm.name), tables });

output(BINDINGS.ledger, swept.table.tableName);
output(BINDINGS.shards, String(swept.shards));
output(BINDINGS.forwardQueueUrl, swept.forwardQueue.queueUrl);
output(BINDINGS.checkBackQueueUrl, checkBack.queue.queueUrl);
output(tableBinding(Effects.name), effects.tableName);
output('sweep', swept.sweeper?.functionName ?? '');
output('reconciler', swept.reconciler?.functionName ?? '');
output('scheduling relay', scheduled.relay.functionName);

function functionOf(name: string): ConsumerFunction {
  return new ConsumerFunction(stack, name, {
    entry: new URL(`./functions/${name}.ts`, import.meta.url),
    timeout: Duration.seconds(5),
    logRemovalPolicy: removalPolicy,
  });
}

function output(name: string, value: string): void {
  new CfnOutput(stack, outputName(name), { value });
}
