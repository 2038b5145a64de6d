import { App, CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AttributeType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { BINDINGS, tableBinding } from 'waybill';
import { ConsumerFunction, Ledger, QueueChannel } from 'waybill/constructs';
import { Arrivals, NoteArrival, ReminderDue } from './contract.ts';
import { OUTPUTS, STACK_NAME } from './deployment.ts';

/** The CDK app that `npm run bench -- delay` deploys: one queue, and a subscriber that notes when it is called. */
const stack = new Stack(new App(), STACK_NAME);
const removalPolicy = RemovalPolicy.DESTROY;
const ledger = new Ledger(stack, 'Ledger', { removalPolicy });
const reminders = new QueueChannel(stack, 'Reminders', { ledger, events: [ReminderDue] });
const arrivals = new TableV2(stack, 'Arrivals', {
  partitionKey: { name: 'reminderId', type: AttributeType.STRING },
  removalPolicy,
});
reminders.addSubscriber(NoteArrival, {
  handler: new ConsumerFunction(stack, 'NoteArrival', {
    entry: new URL('./functions/note-arrival.ts', import.meta.url),
    timeout: Duration.seconds(10),
    logRemovalPolicy: removalPolicy,
  }),
  tables: { arrivals },
  tableActions: { arrivals: ['dynamodb:PutItem'] },
});

const variables = {
  [BINDINGS.ledger]: ledger.table.tableName,
  [BINDINGS.shards]: String(ledger.shards),
  [tableBinding(Arrivals.name)]: arrivals.tableName,
};
for (const [variable, value] of Object.entries(variables)) {
  new CfnOutput(stack, OUTPUTS.variable(variable), { value });
}
