import { type EventOutput, Rejected } from 'waybill';
import { consume, type HandlerContext, inOrder } from 'waybill/runtime';
import { Balances, type Deposited, Statements, WriteStatement } from '../contract.ts';

type Context = HandlerContext<typeof WriteStatement, string>;

/** Writes a line below the others. Out of order, an account could be overdrawn that never was. */
async function write({ account, text }: EventOutput<typeof Deposited>, cents: number, { tx }: Context): Promise<void> {
  const last = await tx.get(Balances, { account });
  const lines = (last?.lines ?? 0) + 1;
  const balance = (last?.balance ?? 0) + cents;
  if (balance < 0) throw new Rejected(`the statement of ${account} would be overdrawn`);
  tx.put(Statements, { account, line: lines, text, cents, balance });
  tx.put(Balances, { account, lines, balance, version: last?.version ?? 0 });
}

export const handler = consume(
  WriteStatement,
  {
    'account.deposited': (movement, context) => write(movement, movement.cents, context),
    'account.withdrawn': (movement, context) => write(movement, -movement.cents, context),
  },
  { order: inOrder },
);
