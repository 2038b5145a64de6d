import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { App, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import { ConsumerFunction, Ledger, QueueChannel, Subscriber } from 'waybill/constructs';
import { createEnvironment } from 'waybill/runtime';
import { type HostOptions, hostStacks } from 'waybill/testing';
import { stockUpFor } from '../../demo/audit.ts';
import { STACK_NAME } from '../../demo/deployment.ts';
import { ShippingNotes } from '../../examples/commerce/contract.ts';
import { handler as countSales } from '../../examples/commerce/functions/count-sales.ts';
import { handler as noteShipping } from '../../examples/commerce/functions/note-shipping.ts';
import { handler as reserveStock } from '../../examples/commerce/functions/reserve-stock.ts';
import { handler as takePayment } from '../../examples/commerce/functions/take-payment.ts';
import type { Order } from '../../examples/commerce/place-order.ts';
import { Commerce } from '../../examples/commerce/stack.ts';
import { BINDINGS, tableBinding } from '../../lib/contract/bindings.ts';
import type { AnyTable } from '../../lib/contract/table.ts';
import type { CountedDeployment } from './deployment.ts';
import { Notes, noting, Orders, Placed, type Scenario } from './scenario.ts';
import { WireMeter } from './wire-meter.ts';

type Endpoints = Pick<HostOptions, 'endpoint' | 'region'>;

/** Nothing is bundled: the handlers run in this process. */
const UNBUNDLED = { context: { 'aws:cdk:bundling-stacks': [] } };
/** A queue is polled again so soon after it had nothing. */
const POLL_MS = 20;

/** A scenario as it is deployed, in the tables and queues of the engine that the SDK of this process speaks to. */
export async function scenarioOnEngine(scenario: Scenario, endpoints: Endpoints): Promise<CountedDeployment> {
  const { definitions, handlers } = noting(scenario);
  const stack = new Stack(new App(UNBUNDLED), 'Cost');
  const ledger = new Ledger(stack, 'Ledger', { shards: 1, reconcile: false, removalPolicy: RemovalPolicy.DESTROY });
  const channel = new QueueChannel(stack, 'Placed', { ledger, events: [Placed] });
  const [orders, notes] = [tableOf(stack, Orders), tableOf(stack, Notes)];
  const entry = import.meta.filename;
  for (const subscriber of definitions) {
    const handler = new ConsumerFunction(stack, `${subscriber.name}-handler`, { entry });
    new Subscriber(stack, subscriber.name, { channel, subscriber, handler, tables: { notes } });
  }
  const producer = new ConsumerFunction(stack, 'Producer', { entry });
  ledger.grantPublish(producer, { publishes: [Placed], writes: [Orders], tables: { orders } });
  return counted({ ...endpoints, templates: templateOf(stack), handlers }, Notes);
}

/** The example shop as it is deployed. */
export async function shopOnEngine(orders: readonly Order[], endpoints: Endpoints): Promise<CountedDeployment> {
  const stack = new Commerce(new App(UNBUNDLED), STACK_NAME, { disposable: true });
  const handlers = {
    'take-payment': takePayment,
    'reserve-stock': reserveStock,
    'note-shipping': noteShipping,
    'count-sales': countSales,
  };
  const deployment = await counted({ ...endpoints, templates: templateOf(stack), handlers }, ShippingNotes);
  await stockUpFor(orders, { environment: deployment.observer });
  return deployment;
}

async function counted(options: HostOptions, effects: AnyTable): Promise<CountedDeployment> {
  const meter = new WireMeter();
  const wire: HostOptions['wire'] = async ({ operation }, send) => meter.note(operation, await send());
  const stacks = await hostStacks({ ...options, wire, interval: POLL_MS });
  const { variables } = stacks.environment;
  const [producer, observer] = [createEnvironment(variables), createEnvironment(variables)];
  return {
    producer,
    observer,
    ledger: variables[BINDINGS.ledger] ?? '',
    now: () => Date.now(),
    meter: () => {
      const { calls, writeUnits, readUnits } = producer.usage;
      return {
        calls: meter.calls + Object.values(calls).reduce((sum, count) => sum + count, 0),
        writeUnits: meter.writeUnits + writeUnits,
        readUnits: meter.readUnits + readUnits,
        sqsBatches: meter.sqsBatches,
      };
    },
    settle: () => stacks.runUntilIdle({ quietFor: '500ms', within: '10m' }),
    effects: async () => {
      const TableName = variables[tableBinding(effects.name)];
      const { Count = 0 } = await observer.dynamodb.send(
        new ScanCommand({ TableName, Select: 'COUNT', ConsistentRead: true }),
      );
      return Count;
    },
    close: () => stacks.destroy(),
  };
}

function templateOf(stack: Stack): HostOptions['templates'] {
  return { [stack.stackName]: Template.fromStack(stack).toJSON() };
}

function tableOf(stack: Stack, { name, partitionKey, sortKey }: AnyTable): dynamodb.TableV2 {
  const key = (attribute: string) => ({ name: attribute, type: dynamodb.AttributeType.STRING });
  return new dynamodb.TableV2(stack, name, {
    partitionKey: key(partitionKey),
    ...(sortKey !== undefined && { sortKey: key(sortKey) }),
    removalPolicy: RemovalPolicy.DESTROY,
  });
}
