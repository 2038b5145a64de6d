import { atLeast, consume } from 'waybill/runtime';
import { Accounts, MoneyWithdrawn, Withdraw } from '../contract.ts';

/** Takes the money from the sender's account; a transfer of more than there is, is given up. */
export const handler = consume(Withdraw, (transfer, { tx }) => {
  const { from, cents } = transfer;
  const enough = { cents: atLeast(cents) };
  tx.update(Accounts, { owner: from }, { add: { cents: -cents }, when: enough, otherwise: 'deadLetter' });
  tx.publish(MoneyWithdrawn, transfer);
});
