import { fileURLToPath } from 'node:url';
import { OrderPlaced } from '../examples/commerce/contract.ts';
import { type Order, placeOrder } from '../examples/commerce/place-order.ts';
import { auditRun, stockUpFor } from './books.ts';
import { deploymentOf, STACK_NAME, SUBSCRIBERS } from './deployment.ts';
import { readOrders } from './order-file.ts';
import { generateOrders, ordersOfRun } from './orders.ts';

export type { Finding } from './audit.ts';
export type { RunAudit as ShopAudit } from './books.ts';
export type { DeployedSubscriber, Deployment } from './deployment.ts';
export type ShopOrder = Order;

/** The example shop, as the demo drives it. */
export const SHOP = {
  ...{ STACK_NAME, ORDER_TYPE: OrderPlaced.type, SUBSCRIBERS, deploymentOf, generateOrders, readOrders },
  ...{ ordersOfRun, stockUpFor, placeOrder, auditRun },
};
export type Shop = typeof SHOP;

/** The folder of `cdk.json`. */
export const REPOSITORY = fileURLToPath(new URL('../', import.meta.url));
