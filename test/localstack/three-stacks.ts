import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AttributeType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { ConsumerFunction, Ledger, QueueChannel, Subscriber } from 'waybill/constructs';
import type { HostOptions } from 'waybill/testing';
import { OrderPlaced, ReserveStock } from '../../examples/localstack/contract.ts';

/** The example's service, with ledger, channel and subscriber in stacks of their own. */
export function threeStacks(): HostOptions['templates'] {
  const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } });
  const ground = new Stack(app, 'Ground');
  const ledger = new Ledger(ground, 'Ledger');
  const channels = new Stack(app, 'Channels');
  const channel = new QueueChannel(channels, 'Orders', { ledger, events: [OrderPlaced] });
  const team = new Stack(app, 'Team');
  const stock = new TableV2(team, 'Stock', { partitionKey: { name: 'sku', type: AttributeType.STRING } });
  const entry = new URL('../../examples/localstack/functions/reserve-stock.ts', import.meta.url);
  const handler = new ConsumerFunction(team, 'ReserveStock', { entry });
  new Subscriber(team, 'Subscriber', { channel, subscriber: ReserveStock, handler, tables: { stock } });
  return Object.fromEntries(
    [ground, channels, team].map((stack) => [stack.stackName, Template.fromStack(stack).toJSON()]),
  );
}
