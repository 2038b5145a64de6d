import { ConditionFailed, type EventInput } from 'waybill';
import { type Environment, publish, transact } from 'waybill/runtime';
import { OrderPlaced, Orders } from './contract.ts';

/** An order as the shop takes it. */
export type Order = EventInput<typeof OrderPlaced>;

/**
 * The shop's own service: it keeps the order and announces it in one transaction, so that neither can be there without
 * the other. Submitting the same order again announces it again, as a new message for the same payment: the customer who
 * presses the button twice pays once.
 *
 * @returns the id of the message
 * @throws CommitUndecided when it is not known whether the order was kept: submit it again
 */
export async function placeOrder(order: Order, options: { readonly environment?: Environment } = {}): Promise<string> {
  const { paymentSequence, ...row } = order;
  let message = '';
  try {
    await transact((tx) => {
      tx.put(Orders, { ...row, status: 'UNPAID' }, { when: 'absent', otherwise: 'duplicate' });
      message = tx.publish(OrderPlaced, order);
    }, options);
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    message = (await publish(OrderPlaced, order, options)).id;
  }
  return message;
}
