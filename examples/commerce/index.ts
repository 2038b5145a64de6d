/** What a program outside the shop needs to run it: `waybill demo` loads this module. */
export { deploymentOf, ORDER_TYPE, STACK_NAME, SUBSCRIBERS } from './deployment.ts';
export { generateOrders } from './generate-orders.ts';
export { ordersOfRun } from './order.ts';
export { placeOrder } from './place-order.ts';
export { readOrders } from './read-orders.ts';
export { auditRun, stockUpFor } from './run.ts';
