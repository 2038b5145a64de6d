import { randomUUID } from 'node:crypto';
import { type Environment, producer } from 'waybill/runtime';
import type { Bank } from './bank.ts';
import { TransferMoney } from './contract.ts';

/** Money that is to go from an account of one bank to an account of another. */
export interface Order {
  readonly transferId: string;
  readonly from: string;
  readonly to: string;
  readonly cents: number;
}

/**
 * Takes a customer's order: the bank has it in its books, and the saga starts, both or neither, wherever the process ends. What
 * it leaves undecided, the check-back decides.
 *
 * @returns the id of the saga's execution
 */
export async function orderTransfer(
  bank: Bank,
  order: Order,
  options: { readonly environment?: Environment } = {},
): Promise<string> {
  const transactionId = randomUUID();
  const half = await producer.prepare(TransferMoney, order, { ...options, transactionId });
  try {
    bank.order(order, transactionId);
  } catch (error) {
    // Only the bank knows whether the order can still commit.
    if ((await bank.decide(transactionId)) === 'rollback') await half.rollback();
    throw error;
  }
  const { id } = await half.commit();
  return id;
}
