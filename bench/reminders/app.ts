import { App, CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AttributeType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { BINDINGS, tableBinding } from 'waybill';
import { CheckBack, ConsumerFunction, Ledger, QueueChannel } from 'waybill/constructs';
import { Arrivals, NoteArrival, ReminderDue } from './contract.ts';
import { OUTPUTS, STACK_NAME } from './deployment.ts';

/** The CDK app of the benchmarks of sending: one queue, and a subscriber that notes when it is called. */
const stack = new Stack(new App(), STACK_NAME);
const removalPolicy = RemovalPolicy.DESTROY;
const handler = (id: string, file: string) =>
  new ConsumerFunction(stack, id, {
    entry: new URL(`./functions/${file}.ts`, import.meta.url),
    timeout: Duration.seconds(10),
    logRemovalPolicy: removalPolicy,
  });
const ledger = new Ledger(stack, 'Ledger', { removalPolicy });
const reminders = new QueueChannel(stack, 'Reminders', { ledger, events: [ReminderDue] });
const arrivals = new TableV2(stack, 'Arrivals', {
  partitionKey: { name: 'reminderId', type: AttributeType.STRING },
  removalPolicy,
});
const noteArrival = handler('NoteArrival', 'note-arrival');
reminders.addSubscriber(NoteArrival, {
  handler: noteArrival,
  tables: { arrivals },
  tableActions: { arrivals: ['dynamodb:PutItem'] },
});
const checkBack = new CheckBack(stack, 'CheckBack', { ledger, handler: handler('AskProducer', 'check-back') });

const outputs = {
  [OUTPUTS.variable(BINDINGS.ledger)]: ledger.table.tableName,
  [OUTPUTS.variable(BINDINGS.shards)]: String(ledger.shards),
  [OUTPUTS.variable(BINDINGS.forwardQueueUrl)]: ledger.forwardQueue.queueUrl,
  [OUTPUTS.variable(BINDINGS.checkBackQueueUrl)]: checkBack.queue.queueUrl,
  [OUTPUTS.variable(tableBinding(Arrivals.name))]: arrivals.tableName,
  [OUTPUTS.logs('relay')]: ledger.relay.logGroup.logGroupName,
  [OUTPUTS.logs('forwarder')]: ledger.forwarder.logGroup.logGroupName,
  [OUTPUTS.logs('check-back')]: checkBack.handler.logGroup.logGroupName,
  [OUTPUTS.logs('note-arrival')]: noteArrival.logGroup.logGroupName,
};
for (const [name, value] of Object.entries(outputs)) new CfnOutput(stack, name, { value });
