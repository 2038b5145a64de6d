import { consume } from 'waybill/runtime';
import { Accounts, Deposit } from '../contract.ts';

/** Puts the money into the receiver's account. */
export const handler = consume(Deposit, ({ to, cents }, { tx }) => {
  tx.update(Accounts, { owner: to }, { create: true, add: { cents } });
});
