import type { App, CfnResource, Duration, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import type { IStream } from 'aws-cdk-lib/aws-kinesis';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type { IConstruct } from 'constructs';
import type { Duration as Length } from '../../../lib/contract/duration.ts';
import { defineEffect, type EffectDefinition } from '../../../lib/contract/effect.ts';
import { defineEvent, type EventDefinition } from '../../../lib/contract/event.ts';
import { type RetryOptions, retryPolicy } from '../../../lib/contract/retry.ts';
import { defineSubscriber } from '../../../lib/contract/subscriber.ts';
import {
  type BreakerOptions,
  FifoChannel,
  Ledger,
  type LedgerProps,
  QueueChannel,
  type ScaleOptions,
  StreamChannel,
  type StreamChannelProps,
  Subscriber,
} from '../../../lib/public/constructs.ts';
import {
  Book,
  CountSales,
  Deposited,
  handlerIn,
  OrderCancelled,
  OrderPlaced,
  ReserveStock,
  tableIn,
  testApp,
  testStack,
} from '../shop-app.ts';

export interface ShopOptions {
  readonly context?: Readonly<Record<string, unknown>>;
  /** Whether ledger, channels, subscribers and handlers have a stack each. */
  readonly spread?: boolean;
  /** Where stacks come from. */
  readonly stackIn?: (id: string, app: App) => Stack;
  readonly ledger?: LedgerProps;
  /** What the channels carry for `order.placed`, and both subscribers consume. */
  readonly event?: EventDefinition<'order.placed'>;
  readonly publishes?: readonly EventDefinition[];
  /** What the subscriber on the queue adopts. */
  readonly adopts?: string;
  readonly queue?: {
    readonly retentionPeriod?: Duration;
    readonly maxConcurrency?: number;
    readonly maxBatchingWindow?: Duration;
    readonly breaker?: BreakerOptions;
    readonly scale?: ScaleOptions;
  };
  /** The stream of the stream channel, where it is another app's. */
  readonly importStream?: (stack: Stack) => IStream;
  readonly stream?: Omit<StreamChannelProps<EventDefinition>, 'ledger' | 'events'>;
  readonly fromStream?: {
    readonly maxConcurrency?: number;
    readonly parallelizationFactor?: number;
    readonly scale?: ScaleOptions;
  };
  /** Whether there is a subscriber on a FIFO channel, too. */
  readonly fifo?: boolean;
  readonly timeout?: Duration;
  /** How the subscriber on the queue tries again. */
  readonly retry?: RetryOptions;
  /** What it has done outside. */
  readonly effects?: readonly EffectDefinition[];
}

export interface Shop {
  readonly app: App;
  readonly stack: Stack;
  readonly stacks: readonly Stack[];
  readonly ledger: Ledger;
  readonly orders: QueueChannel;
  readonly sales: StreamChannel;
  /** On the queue channel, and its function. */
  readonly reserve: Subscriber;
  readonly reserveHandler: lambda.Function;
  /** On the stream channel, and its function. */
  readonly count: Subscriber;
  readonly countHandler: lambda.Function;
  /** On a FIFO channel, where there is one. */
  readonly book?: Subscriber;
}

/** Names of the shop's subscribers, as an app records them. */
export const RECORDED = { 'waybill:subscribers': ['count-sales', 'reserve-stock'] };

/** A shop in which nothing is wrong: a subscriber on a queue and one on a stream. */
export function shop(options: ShopOptions = {}): Shop {
  const app = testApp({ context: { 'aws:cdk:bundling-stacks': [], ...RECORDED, ...options.context } });
  const stackIn = options.stackIn ?? ((id: string) => testStack(id, app));
  const stack = stackIn('Shop', app);
  const stackOf = (id: string) => (options.spread ? stackIn(id, app) : stack);
  const [ledgers, channels, handlers] = [stackOf('Ledgers'), stackOf('Channels'), stackOf('Handlers')];

  const placed: EventDefinition = options.event ?? OrderPlaced;
  const ledger = new Ledger(ledgers, 'Ledger', options.ledger);
  const orders = new QueueChannel(channels, 'Orders', { ledger, events: [placed, OrderCancelled] });
  const sales = new StreamChannel(channels, 'Sales', {
    ...options.stream,
    stream: options.importStream?.(channels),
    ledger,
    events: [placed],
  });
  const reserveHandler = handlerIn(handlers, 'ReserveHandler', options.timeout);
  const countHandler = handlerIn(handlers, 'CountHandler');
  const reserve = new Subscriber(stack, 'Reserve', {
    channel: orders,
    subscriber: {
      ...ReserveStock,
      consumes: [placed, OrderCancelled],
      publishes: options.publishes ?? [],
      effects: options.effects ?? [],
      ...(options.retry && { retry: retryPolicy('reserve-stock', options.retry) }),
    },
    handler: reserveHandler,
    tables: { stock: tableIn(handlers) },
    ...options.queue,
    ...(options.adopts && { adopts: options.adopts }),
  });
  const count = new Subscriber(stack, 'Count', {
    channel: sales,
    subscriber: { ...CountSales, consumes: [placed] },
    handler: countHandler,
    tables: { 'sales-counts': tableIn(handlers, 'Counts') },
    ...options.fromStream,
  });
  const accounts = options.fifo ? new FifoChannel(channels, 'Accounts', { ledger, events: [Deposited] }) : undefined;
  const book = accounts?.addSubscriber(Book, { handler: handlerIn(handlers, 'BookHandler') });
  const stacks = [...new Set([stack, ledgers, channels, handlers])];
  const whole = { app, stack, stacks, ledger, orders, sales, reserve, reserveHandler, count, countHandler };
  return book ? { ...whole, book: book as Subscriber } : whole;
}

/** `order.placed`, with another lifetime. */
export function shortLived(lifetime: '45m' | '1h' | '1d' | '2d' | '5d'): EventDefinition<'order.placed'> {
  const { type, schema, key, businessLine } = OrderPlaced;
  return defineEvent(type, { schema, key, businessLine, lifetime }) as EventDefinition<'order.placed'>;
}

/** An effect at a service that keeps keys for so long. */
export const keyedCharge = (idempotentFor: Length) =>
  defineEffect('charge', { input: OrderPlaced.schema, output: OrderPlaced.schema, idempotentFor });

export const OrderLost = defineEvent('order.lost', {
  schema: OrderCancelled.schema,
  key: ({ orderId }) => orderId,
  businessLine: 'orders',
});

export const Audit = defineSubscriber('audit', { consumes: [OrderPlaced] });

/** The L1 below a construct, for an escape hatch. */
export function hatch(construct: IConstruct, ...path: string[]): CfnResource {
  const found = path.reduce<IConstruct>((parent, id) => parent.node.findChild(id), construct);
  return (found.node.defaultChild ?? found) as CfnResource;
}

/** The event sources, which lie below the functions that they feed. */
export const source = {
  ofQueue: (handler: IConstruct) => hatch(handler, 'WaybillQueue'),
  ofStream: (handler: IConstruct) => hatch(handler, 'WaybillStream'),
  ofBackstop: (subscriber: IConstruct) => hatch(subscriber, 'Recorder', 'Backstop'),
  ofRelay: (ledger: IConstruct) => hatch(ledger, 'Relay', 'Outbox'),
  ofForwarder: (ledger: IConstruct) => hatch(ledger, 'Forwarder', 'Queue'),
};

/** The ids of the rules that refuse an app, each once, in the order of the message. */
export function refusedBy(app: App): string[] {
  try {
    app.synth();
    return [];
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    const ids = [...message.matchAll(/\[waybill:([a-z-]+)\]/g)].map(([, id]) => String(id));
    if (ids.length === 0) throw error;
    return [...new Set(ids)];
  }
}

/** The ids of Waybill's warnings and notes in a synthesized stack: in the parent, of one that is nested. */
export function warnedOf(stack: Stack): string[] {
  const annotations = Annotations.fromStack(stack.nestedStackParent ?? stack);
  const found = [
    ...annotations.findWarning('*', Match.stringLikeRegexp('waybill:')),
    ...annotations.findInfo('*', Match.stringLikeRegexp('waybill:')),
  ];
  return found.map(({ entry }) => /waybill:([a-z-]+)\]?$/.exec(String(entry.data))?.[1] ?? String(entry.data)).sort();
}
