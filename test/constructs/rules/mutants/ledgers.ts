import { CfnResource, RemovalPolicies, RemovalPolicy } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { DynamoEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { z } from 'zod';
import { defineEvent } from '../../../../lib/contract/event.ts';
import { Ledger, QueueChannel } from '../../../../lib/public/constructs.ts';
import { handlerIn, testStack } from '../../shop-app.ts';
import { hatch, OrderLost, type Shop } from '../proved-shop.ts';
import { type Mutant, override } from './mutant.ts';

/** Resources that are not Waybill's. */
const OTHERS = 480;

export const ledgers: Mutant[] = [
  {
    rule: 'ledger-readers',
    name: 'two functions beside the relay',
    mutate: (shop) => {
      readsLedger(shop, 'Search');
      readsLedger(shop, 'Export');
    },
  },
  {
    rule: 'ledger-readers',
    name: 'a function and a pipe of another stack beside the relay',
    mutate: (shop) => {
      readsLedger(shop, 'Search');
      const properties = { RoleArn: 'arn', Source: shop.ledger.table.tableStreamArn, Target: 'arn' };
      new CfnResource(testStack('Pipes', shop.app), 'Pipe', { type: 'AWS::Pipes::Pipe', properties });
    },
  },
  {
    rule: 'ledger-readers',
    name: 'one function beside the relay of a table with a replica',
    mutate: (shop) => {
      readsLedger(shop, 'Search');
      override(shop.ledger.table, 'Replicas', [{ Region: 'eu-central-1' }, { Region: 'eu-west-1' }]);
    },
  },
  {
    rule: 'format-readers',
    name: 'a function that is told to read less than the ledger has',
    options: { ledger: { format: 3 } },
    mutate: ({ reserveHandler }) => reserveHandler.addEnvironment('WAYBILL_NEWEST_FORMAT', '2'),
  },
  {
    rule: 'ledger-removal',
    name: 'an Aspect that destroys everything',
    mutate: ({ app }) => RemovalPolicies.of(app).destroy(),
  },
  {
    rule: 'ledger-removal',
    name: 'a table that is not kept when it is replaced',
    mutate: ({ ledger }) => hatch(ledger.table).addOverride('UpdateReplacePolicy', 'Delete'),
  },
  {
    rule: 'ledger-removal',
    name: 'a table without a policy, which CloudFormation deletes',
    mutate: ({ ledger }) => hatch(ledger.table).addDeletionOverride('DeletionPolicy'),
  },
  {
    rule: 'ledger-removal',
    name: 'a disposable ledger in production',
    options: { ledger: { removalPolicy: RemovalPolicy.DESTROY }, context: { 'waybill:production': 'true' } },
  },
  {
    rule: 'stack-resources',
    name: 'hundreds of other resources beside the ledger',
    mutate: ({ stack }) => {
      for (let number = 0; number < OTHERS; number++)
        new CfnResource(stack, `Topic${number}`, { type: 'AWS::SNS::Topic' });
    },
  },
];

/** `order.cancelled` as somebody else has defined it. */
const CancelledOtherwise = defineEvent('order.cancelled', {
  schema: z.object({ orderId: z.string(), why: z.string() }),
  key: ({ orderId }) => orderId,
  businessLine: 'orders',
});

export const events: Mutant[] = [
  {
    rule: 'event-defined-twice',
    name: 'a subscriber publishes an event with a schema of its own',
    options: { publishes: [CancelledOtherwise] },
  },
  {
    rule: 'event-without-channel',
    name: 'a subscriber publishes what no channel carries',
    options: { publishes: [OrderLost] },
  },
  {
    rule: 'event-without-channel',
    name: 'a producer publishes what no channel carries',
    mutate: ({ stack, ledger }) => ledger.grantPublish(handlerIn(stack, 'Producer'), { publishes: [OrderLost] }),
  },
  {
    rule: 'event-without-channel',
    name: "a subscriber publishes what only another ledger's channel carries",
    options: { publishes: [OrderLost] },
    mutate: ({ stack }) => {
      const ledger = new Ledger(stack, 'OtherLedger');
      new QueueChannel(stack, 'OtherChannel', { ledger, events: [OrderLost] });
    },
  },
  {
    rule: 'event-without-channel',
    name: 'a producer publishes what no channel carries, beside a ledger that other apps may use',
    options: { ledger: { ledgerName: 'shared' } },
    mutate: ({ stack }) => {
      const ledger = new Ledger(stack, 'OwnLedger');
      ledger.grantPublish(handlerIn(stack, 'Producer'), { publishes: [OrderLost] });
    },
  },
  {
    rule: 'event-not-on-channel',
    name: 'a route that was pointed to another event',
    mutate: ({ reserve }) => override(hatch(reserve, 'Route'), 'events.0.type', 'order.lost'),
  },
  {
    rule: 'event-not-on-channel',
    name: 'a route that names one event more',
    mutate: ({ count }) => override(hatch(count, 'Route'), 'events.1', { type: 'order.lost', businessLine: 'orders' }),
  },
  { rule: 'event-not-on-channel', name: 'no route', mutate: ({ count }) => count.node.tryRemoveChild('Route') },
  {
    rule: 'renamed-subscriber',
    name: 'a name that differs from the recorded one',
    options: { context: { 'waybill:subscribers': ['count-sales', 'hold-stock'] } },
  },
  {
    rule: 'renamed-subscriber',
    name: 'no record in production',
    options: { context: { 'waybill:subscribers': undefined, 'waybill:production': true } },
  },
  {
    rule: 'renamed-subscriber',
    name: 'a name that is not recorded',
    options: { context: { 'waybill:subscribers': ['count-sales'] } },
  },
  {
    rule: 'renamed-subscriber',
    name: 'a recorded name that is gone',
    options: { context: { 'waybill:subscribers': ['count-sales', 'notify', 'reserve-stock'] } },
  },
];

function readsLedger({ stack, ledger }: Shop, id: string): void {
  handlerIn(stack, id).addEventSource(
    new DynamoEventSource(ledger.table, { startingPosition: lambda.StartingPosition.TRIM_HORIZON }),
  );
}
