import { LambdaClient } from '@aws-sdk/client-lambda';
import { BINDINGS, type SubscriberDefinition, tableBinding } from 'waybill';
import { type Reconciliation, reconcile } from 'waybill/operations';
import { createEnvironment } from 'waybill/runtime';
import * as shop from '../examples/commerce/contract.ts';
import { eventSourcesOf } from '../lib/inspect/list-event-sources.ts';

export const STACK_NAME = 'Commerce';
export const TABLES = {
  ...{ orders: shop.Orders, payments: shop.Payments, stock: shop.Stock },
  ...{ reservations: shop.Reservations, shippingNotes: shop.ShippingNotes, sales: shop.Sales },
} as const;
export const SUBSCRIBERS: readonly SubscriberDefinition[] = [
  ...[shop.TakePayment, shop.ReserveStock, shop.NoteShipping, shop.CountSales],
];

/** Where everything of a deployed shop is, for programs outside it. */
export interface Deployment {
  /** The bindings of a producer: what `createEnvironment` takes. */
  readonly variables: Readonly<Record<string, string>>;
  readonly ledger: string;
  readonly shards: number;
  readonly subscribers: Readonly<Record<string, DeployedSubscriber>>;
  /** The log groups of all functions. */
  readonly logGroups: readonly string[];
}

export interface DeployedSubscriber {
  /** The stream that it reads, if it reads one. */
  readonly streamName?: string;
  /** Its own queue; of a stream's subscriber, its retry queue. */
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
}

/** Reads the outputs of the deployed stack, which `examples/commerce/stack.ts` names. */
export function deploymentOf(outputs: Readonly<Record<string, string>>): Deployment {
  const output = (name: string): string => {
    const value = outputs[name];
    if (!value) throw new Error(`The stack ${STACK_NAME} has no output ${name}: deploy it again`);
    return value;
  };
  const of = ({ name }: { readonly name: string }, what: string) => output(`${pascalCase(name)}${what}`);
  const tables = Object.values(TABLES).map((table) => [tableBinding(table.name), of(table, 'Table')]);
  const [ledger, shards] = [output('LedgerTable'), output('LedgerShards')];
  const bindings = { [BINDINGS.ledger]: ledger, [BINDINGS.shards]: shards, [BINDINGS.producer]: 'shop' };
  const subscribers = SUBSCRIBERS.map((subscriber): [string, DeployedSubscriber] => {
    const queues = { queueUrl: of(subscriber, 'Queue'), deadLetterQueueUrl: of(subscriber, 'DeadLetterQueue') };
    const stream = subscriber === shop.CountSales && { streamName: output('SalesStream') };
    return [subscriber.name, { ...stream, ...queues }];
  });
  const logs = SUBSCRIBERS.flatMap((subscriber) => [of(subscriber, 'Logs'), of(subscriber, 'RecorderLogs')]);
  return {
    ...{ ledger, shards: Number(shards), variables: { ...bindings, ...Object.fromEntries(tables) } },
    ...{ subscribers: Object.fromEntries(subscribers), logGroups: [output('RelayLogs'), ...logs] },
  };
}

function pascalCase(name: string): string {
  return name.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** The names of the subscribers that consume an event type. */
export function subscribersOf(type: string): string[] {
  return SUBSCRIBERS.filter(({ consumes }) => consumes.some((event) => event.type === type)).map(({ name }) => name);
}

/** What a message of the shop is inspected by. */
export function inspectionOf({ ledger, shards }: Pick<Deployment, 'ledger' | 'shards'>) {
  return { ledger, shards, listEventSources: eventSourcesOf(new LambdaClient()) };
}

/** Reconciles the messages that were committed since a moment, in milliseconds since the epoch. */
export function reconcileSince(deployment: Deployment, from: number): Promise<Reconciliation> {
  const environment = createEnvironment(deployment.variables);
  // Clocks of one machine: a message's id is hardly ahead of them.
  return reconcile(environment, { ...inspectionOf(deployment), from, to: environment.now() + 1_000 });
}
