import { App, Stack } from 'aws-cdk-lib';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Ledger, LedgerAlarms, LedgerDashboard, QueueChannel } from 'waybill/constructs';
import { functionOf, output, outputLedger, outputSubscriber, removalPolicy } from '../app-parts.ts';
import { DeliverLetter, LetterPosted } from './contract.ts';

/** One subscriber, watched: whoever is on call reads a queue. It takes what the ledger has signed, and nothing else. */
const stack = new Stack(new App(), 'Letters');
const ledger = new Ledger(stack, 'Ledger', { signing: true, removalPolicy });
const alarms = new LedgerAlarms(stack, 'Alarms', { ledger });
const dashboard = new LedgerDashboard(stack, 'Dashboard', { ledger, alarms });
const onCall = new Queue(stack, 'OnCall');
alarms.topic.addSubscription(new SqsSubscription(onCall, { rawMessageDelivery: true }));

const letters = new QueueChannel(stack, 'LettersChannel', { ledger, events: [LetterPosted] });
const handler = functionOf(stack, import.meta.url, DeliverLetter.name);
outputSubscriber(stack, DeliverLetter.name, letters.addSubscriber(DeliverLetter, { handler, verify: true }));
outputLedger(stack, ledger);
output(stack, 'dashboard', dashboard.dashboard.dashboardName);
output(stack, 'on-call', onCall.queueUrl);
output(stack, 'reconciler', ledger.reconciler?.functionName ?? '');
