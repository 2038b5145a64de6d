import { checkBack } from 'waybill/runtime';
import { bankIn } from '../bank.ts';
import { TransferMoney } from '../contract.ts';

/** Says what became of an order whose process was gone before it could say so itself. */
export const handler = checkBack(TransferMoney, (transactionId) =>
  bankIn(process.env.FROM_BANK ?? 'north.db').decide(transactionId),
);
