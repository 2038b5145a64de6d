import { App, CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { BINDINGS } from 'waybill';
import { ConsumerFunction, Ledger, LedgerAlarms, LedgerDashboard, QueueChannel } from 'waybill/constructs';
import { outputName } from '../output-name.ts';
import { DeliverLetter, LetterPosted } from './contract.ts';

/** One subscriber, watched: whoever is on call reads a queue. */
const stack = new Stack(new App(), 'Letters');
const removalPolicy = RemovalPolicy.DESTROY;
const ledger = new Ledger(stack, 'Ledger', { removalPolicy });
const alarms = new LedgerAlarms(stack, 'Alarms', { ledger });
const dashboard = new LedgerDashboard(stack, 'Dashboard', { ledger, alarms });
const onCall = new Queue(stack, 'OnCall');
alarms.topic.addSubscription(new SqsSubscription(onCall, { rawMessageDelivery: true }));

const letters = new QueueChannel(stack, 'LettersChannel', { ledger, events: [LetterPosted] });
const { handler, queue } = letters.addSubscriber(DeliverLetter, {
  handler: new ConsumerFunction(stack, DeliverLetter.name, {
    entry: new URL(`./functions/${DeliverLetter.name}.ts`, import.meta.url),
    timeout: Duration.seconds(5),
    logRemovalPolicy: removalPolicy,
  }),
});

output(BINDINGS.ledger, ledger.table.tableName);
output(BINDINGS.shards, String(ledger.shards));
output('dashboard', dashboard.dashboard.dashboardName);
output('on-call', onCall.queueUrl);
output('reconciler', ledger.reconciler?.functionName ?? '');
output(DeliverLetter.name, handler.functionName);
output(`${DeliverLetter.name}-queue`, queue.queueUrl);

function output(name: string, value: string): void {
  new CfnOutput(stack, outputName(name), { value });
}
