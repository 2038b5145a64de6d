import { consume } from 'waybill/runtime';
import { CreditWallet, Wallets } from '../contract.ts';

/** Puts the money that has left an account into a wallet. */
export const handler = consume(CreditWallet, ({ to, cents }, { tx }) => {
  tx.update(Wallets, { owner: to }, { create: true, add: { cents } });
});
