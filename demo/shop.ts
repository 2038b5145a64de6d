import { fileURLToPath } from 'node:url';
import type { SubscriberDefinition } from 'waybill';
import type { Environment } from 'waybill/runtime';

/** An order of the example shop. Beyond its id, it is the shop's own affair. */
export interface ShopOrder {
  readonly orderId: string;
}

/** Where everything of the deployed shop is. */
export interface Deployment {
  /** The bindings of a producer: what `createEnvironment` takes. */
  readonly variables: Readonly<Record<string, string>>;
  readonly ledger: string;
  readonly shards: number;
  readonly subscribers: Readonly<Record<string, DeployedSubscriber>>;
  readonly logGroups: readonly string[];
}

export interface DeployedSubscriber {
  /** The stream that it reads, if it reads one. */
  readonly streamName?: string;
  /** Its own queue; of a stream's subscriber, its retry queue. */
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
}

/** What the shop's own books say of a run. */
export interface ShopAudit {
  /** Whether money, stock and shipping notes add up. */
  readonly conserved: boolean;
  readonly findings: readonly Finding[];
  /** The sums that were compared, each in words. */
  readonly sums: readonly string[];
}

/** A row of a business table that is not as the submitted orders say. */
export interface Finding {
  readonly kind: 'lost' | 'doubled' | 'wrong';
  /** The subscriber whose effect it is, or `place-order`. */
  readonly step: string;
  readonly orderIds: readonly string[];
  readonly what: string;
}

/** The example shop, as the demo drives it: the exports of `examples/commerce/index.ts`. */
export interface Shop {
  readonly STACK_NAME: string;
  /** The event type of the message that an order is submitted as. */
  readonly ORDER_TYPE: string;
  readonly SUBSCRIBERS: readonly SubscriberDefinition[];
  deploymentOf(outputs: Readonly<Record<string, string>>): Deployment;
  generateOrders(count: number, seed: number): ShopOrder[];
  readOrders(
    file: string,
    onBadLine: 'skip' | 'stop',
  ): Promise<{
    readonly orders: readonly ShopOrder[];
    readonly badLines: readonly { readonly line: number; readonly reason: string }[];
  }>;
  ordersOfRun(run: string, orders: readonly ShopOrder[]): ShopOrder[];
  stockUpFor(orders: readonly ShopOrder[], options: { readonly environment: Environment }): Promise<void>;
  placeOrder(order: ShopOrder, options: { readonly environment: Environment }): Promise<string>;
  /** Compares the business tables with what was submitted. It does not look into the ledger. */
  auditRun(
    run: string,
    submitted: readonly ShopOrder[],
    stopped: Readonly<Record<string, ReadonlySet<string>>>,
    environment: Environment,
  ): Promise<ShopAudit>;
}

/** The folder of `cdk.json`. */
export const REPOSITORY = fileURLToPath(new URL('../', import.meta.url));
