import { checkBack } from 'waybill/runtime';
import { Accounts } from '../accounts.ts';
import { MoneySent } from '../contract.ts';

/** Opened at the first question: nothing is read when the function is loaded. */
let accounts: Accounts | undefined;

/** Says what became of a debit whose process was gone before it could say so itself. */
export const handler = checkBack(MoneySent, (transactionId) => {
  accounts ??= Accounts.open(process.env.ACCOUNTS ?? 'accounts.db');
  return accounts.decide(transactionId);
});
