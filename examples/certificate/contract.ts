import { defineEvent, defineSubscriber, defineTable } from 'waybill';
import * as z from 'zod/mini';

const transfer = z.object({ from: z.string(), to: z.string(), cents: z.int().check(z.positive()) });

/** Somebody wants to send money. */
export const TransferRequested = defineEvent('transfer.requested', {
  schema: transfer,
  key: ({ from }) => from,
  businessLine: 'transfers',
});

/** The money has left the sender's account. */
export const MoneyWithdrawn = defineEvent('money.withdrawn', {
  schema: transfer,
  key: ({ to }) => to,
  businessLine: 'transfers',
});

export const Accounts = defineTable('accounts', {
  item: z.object({ owner: z.string(), cents: z.int().check(z.nonnegative()), version: z.int() }),
  partitionKey: 'owner',
  version: 'version',
});

export const Withdraw = defineSubscriber('withdraw', {
  consumes: [TransferRequested],
  publishes: [MoneyWithdrawn],
  tables: [Accounts],
});

export const Deposit = defineSubscriber('deposit', {
  consumes: [MoneyWithdrawn],
  tables: [Accounts],
});
