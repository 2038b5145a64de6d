import { type TracedMessage, trace } from 'waybill/operations';
import { createEnvironment } from 'waybill/runtime';
import { deploymentOf, inspectionOf } from '../../demo/deployment.ts';
import { sendAgain } from '../../demo/wire.ts';
import { placeOrder } from '../../examples/commerce/place-order.ts';
import { concurrently } from '../../lib/aws/concurrently.ts';
import type { DeployedChain } from './deployed-chain.ts';

const AT_ONCE = 8;

/** The example shop, by the outputs of its stack. */
export function exampleShop(outputs: Readonly<Record<string, string>>): DeployedChain {
  const deployment = deploymentOf(outputs);
  const producer = createEnvironment(deployment.variables);
  const messageOf = new Map<string, string>();
  return {
    producer,
    logGroups: deployment.logGroups,
    queueUrls: Object.values(deployment.subscribers).map(({ queueUrl }) => queueUrl),
    placeOrder: async (order) => {
      messageOf.set(order.orderId, await placeOrder(order, { environment: producer }));
    },
    sendAgain: async (orders) => {
      const observer = createEnvironment(deployment.variables);
      const again = sendAgain(observer, deployment);
      const copies = await concurrently(AT_ONCE, orders, async ({ orderId }) => {
        const traced = await trace(observer, inspectionOf(deployment), messageOf.get(orderId) ?? '');
        const deliveries = deliveriesOf(traced);
        for (const { id, subscriber } of deliveries) await again(id, subscriber);
        return deliveries.length;
      });
      return copies.reduce((sum, count) => sum + count, 0);
    },
  };
}

/** Every delivery of a message and of what came of it. */
function deliveriesOf({ id, subscribers }: TracedMessage): { readonly id: string; readonly subscriber: string }[] {
  return subscribers.flatMap(({ subscriber, published }) => [{ id, subscriber }, ...published.flatMap(deliveriesOf)]);
}
