import { BINDINGS, type SubscriberDefinition, tableBinding } from 'waybill';
import {
  CountSales,
  NoteShipping,
  Orders,
  Payments,
  Reservations,
  ReserveStock,
  Sales,
  ShippingNotes,
  Stock,
  TakePayment,
} from '../examples/commerce/contract.ts';

export const STACK_NAME = 'Commerce';
export const TABLES = {
  orders: Orders,
  payments: Payments,
  stock: Stock,
  reservations: Reservations,
  shippingNotes: ShippingNotes,
  sales: Sales,
} as const;
export const SUBSCRIBERS: readonly SubscriberDefinition[] = [TakePayment, ReserveStock, NoteShipping, CountSales];

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
  const [ledger, shards] = [output('LedgerTable'), output('LedgerShards')];
  return {
    variables: {
      [BINDINGS.ledger]: ledger,
      [BINDINGS.shards]: shards,
      [BINDINGS.producer]: 'shop',
      ...Object.fromEntries(Object.values(TABLES).map((table) => [tableBinding(table.name), of(table, 'Table')])),
    },
    ledger,
    shards: Number(shards),
    subscribers: Object.fromEntries(
      SUBSCRIBERS.map((subscriber) => [
        subscriber.name,
        {
          ...(subscriber === CountSales && { streamName: output('SalesStream') }),
          queueUrl: of(subscriber, 'Queue'),
          deadLetterQueueUrl: of(subscriber, 'DeadLetterQueue'),
        },
      ]),
    ),
    logGroups: [
      output('RelayLogs'),
      ...SUBSCRIBERS.flatMap((subscriber) => [of(subscriber, 'Logs'), of(subscriber, 'RecorderLogs')]),
    ],
  };
}

function pascalCase(name: string): string {
  return name.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
}
