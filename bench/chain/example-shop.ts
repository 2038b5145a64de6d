import { createEnvironment } from 'waybill/runtime';
import { committedMessages } from '../../demo/committed-messages.ts';
import { deploymentOf, SUBSCRIBERS } from '../../demo/deployment.ts';
import { readRows } from '../../demo/message-tracker.ts';
import { Wire } from '../../demo/wire.ts';
import { placeOrder } from '../../examples/commerce/place-order.ts';
import { outboxKey } from '../../lib/ledger/rows/outbox.ts';
import { decodeEnvelope, encodeEnvelope } from '../../lib/message/envelope.ts';
import type { DeployedChain } from './deployed-chain.ts';

/** Rows of the ledger read at once. */
const ROWS = 100;

/** The example shop, by the outputs of its stack. */
export function exampleShop(outputs: Readonly<Record<string, string>>): DeployedChain {
  const deployment = deploymentOf(outputs);
  const { variables, ledger, subscribers, logGroups } = deployment;
  const producer = createEnvironment(variables);
  const started = producer.now();
  return {
    producer,
    logGroups,
    queueUrls: Object.values(subscribers).map(({ queueUrl }) => queueUrl),
    placeOrder: async (order) => {
      await placeOrder(order, { environment: producer });
    },
    sendAgain: async (orders) => {
      const observer = createEnvironment(variables);
      const wire = new Wire(observer, subscribers);
      const span = { from: started, to: observer.now() };
      const ids = new Set(orders.map(({ orderId }) => orderId));
      const messages = await committedMessages(observer, deployment, span, ids);
      const relayed = new Date(observer.now()).toISOString();
      let copies = 0;
      for (let start = 0; start < messages.length; start += ROWS) {
        const keys = messages.slice(start, start + ROWS).map(({ id }) => outboxKey(id));
        for (const row of await readRows(observer, ledger, keys)) {
          const envelope = { ...decodeEnvelope(String(row.envelope)), relayed };
          for (const { name } of subscribersOf(envelope.type)) {
            wire.add(name, Buffer.from(encodeEnvelope(envelope)));
            copies += 1;
          }
        }
      }
      await wire.flush();
      return copies;
    },
  };
}

function subscribersOf(type: string) {
  return SUBSCRIBERS.filter(({ consumes }) => consumes.some((event) => event.type === type));
}
