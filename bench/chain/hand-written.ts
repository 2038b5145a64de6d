import { createEnvironment } from 'waybill/runtime';
import { concurrently } from '../../lib/aws/concurrently.ts';
import { deploymentOf, QUEUE_STEPS, queueVariable } from '../plain-chain/deployment.ts';
import { announceOrder, paymentOf, placeOrder, reservationOf, send, streamOrder } from '../plain-chain/steps.ts';
import type { DeployedChain } from './deployed-chain.ts';

const AT_ONCE = 8;

/** The hand-written chain, by the outputs of its stack. */
export function handWritten(outputs: Readonly<Record<string, string>>): DeployedChain {
  const { variables, logGroups } = deploymentOf(outputs);
  const producer = createEnvironment(variables);
  return {
    producer,
    logGroups,
    queueUrls: QUEUE_STEPS.map((step) => variables[queueVariable(step)] ?? ''),
    placeOrder: (order) => placeOrder(producer, order),
    sendAgain: async (orders) => {
      const observer = createEnvironment(variables);
      const copies = await concurrently(AT_ONCE, orders, (order) =>
        Promise.all([
          announceOrder(observer, order),
          streamOrder(observer, order),
          send(observer, 'reserve-stock', paymentOf(order)),
          send(observer, 'note-shipping', reservationOf(paymentOf(order))),
        ]),
      );
      return copies.flat().length;
    },
  };
}
