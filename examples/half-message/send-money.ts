import { randomUUID } from 'node:crypto';
import { type Environment, producer } from 'waybill/runtime';
import type { Accounts } from './accounts.ts';
import { MoneySent } from './contract.ts';

/** Money that is to go from an account to a wallet. */
export interface Transfer {
  readonly from: string;
  readonly to: string;
  readonly cents: number;
}

/**
 * Sends money from an account to a wallet: the debit and the message take effect both or neither, wherever the process
 * ends. What it leaves undecided, the check-back decides.
 *
 * @returns the id of the message
 * @throws InsufficientFunds when the account has less: nothing is sent
 * @throws CommitUndecided when it is not known yet whether the money is on its way
 */
export async function sendMoney(
  accounts: Accounts,
  transfer: Transfer,
  options: { readonly environment?: Environment } = {},
): Promise<string> {
  const { from, cents } = transfer;
  // Each try has a transaction id of its own: the store takes an id once.
  const transactionId = randomUUID();
  const half = await producer.prepare(MoneySent, transfer, { ...options, transactionId });
  try {
    accounts.debit(from, cents, transactionId);
  } catch (error) {
    // Only the store knows whether the debit can still commit.
    if ((await accounts.decide(transactionId)) === 'rollback') await half.rollback();
    throw error;
  }
  const { id } = await half.commit();
  return id;
}
