import { type AnyTable, BINDINGS, type SubscriberDefinition, tableBinding } from 'waybill';
import {
  CountSales,
  NoteShipping,
  OrderPlaced,
  Orders,
  Payments,
  Reservations,
  ReserveStock,
  Sales,
  ShippingNotes,
  Stock,
  TakePayment,
} from './contract.ts';

export const STACK_NAME = 'Commerce';
export const ORDER_TYPE = OrderPlaced.type;
export const TABLES = [Orders, Payments, Stock, Reservations, ShippingNotes, Sales] as const satisfies AnyTable[];
export const SUBSCRIBERS = [
  TakePayment,
  ReserveStock,
  NoteShipping,
  CountSales,
] as const satisfies SubscriberDefinition[];

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

/** What the stack's outputs are called. */
export const OUTPUTS = {
  ledger: 'LedgerTable',
  shards: 'LedgerShards',
  stream: 'SalesStream',
  relayLogs: 'RelayLogs',
  table: (table: AnyTable) => `${pascalCase(table.name)}Table`,
  queue: (subscriber: SubscriberDefinition) => `${pascalCase(subscriber.name)}Queue`,
  deadLetterQueue: (subscriber: SubscriberDefinition) => `${pascalCase(subscriber.name)}DeadLetterQueue`,
  logs: (subscriber: SubscriberDefinition) => `${pascalCase(subscriber.name)}Logs`,
  recorderLogs: (subscriber: SubscriberDefinition) => `${pascalCase(subscriber.name)}RecorderLogs`,
};

/** Reads the outputs of the deployed stack. */
export function deploymentOf(outputs: Readonly<Record<string, string>>): Deployment {
  const output = (name: string): string => {
    const value = outputs[name];
    if (!value) throw new Error(`The stack ${STACK_NAME} has no output ${name}: deploy it again`);
    return value;
  };
  return {
    variables: {
      [BINDINGS.ledger]: output(OUTPUTS.ledger),
      [BINDINGS.shards]: output(OUTPUTS.shards),
      [BINDINGS.producer]: 'shop',
      ...Object.fromEntries(TABLES.map((table) => [tableBinding(table.name), output(OUTPUTS.table(table))])),
    },
    ledger: output(OUTPUTS.ledger),
    shards: Number(output(OUTPUTS.shards)),
    subscribers: Object.fromEntries(
      SUBSCRIBERS.map((subscriber) => [
        subscriber.name,
        {
          ...(subscriber === CountSales && { streamName: output(OUTPUTS.stream) }),
          queueUrl: output(OUTPUTS.queue(subscriber)),
          deadLetterQueueUrl: output(OUTPUTS.deadLetterQueue(subscriber)),
        },
      ]),
    ),
    logGroups: [
      output(OUTPUTS.relayLogs),
      ...SUBSCRIBERS.flatMap((subscriber) => [
        output(OUTPUTS.logs(subscriber)),
        output(OUTPUTS.recorderLogs(subscriber)),
      ]),
    ],
  };
}

function pascalCase(name: string): string {
  return name.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
}
