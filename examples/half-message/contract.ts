import { defineEvent, defineSubscriber, defineTable } from 'waybill';
import * as z from 'zod/mini';

const text = z.string().check(z.minLength(1), z.maxLength(128));
const cents = z.int().check(z.positive());

/** Money has left an account, and is on its way to a wallet. */
export const MoneySent = defineEvent('money.sent', {
  schema: z.object({ from: text, to: text, cents }),
  key: ({ to }) => to,
  businessLine: 'payments',
});

/** Wallets are kept in DynamoDB; the accounts that they are filled from are not. */
export const Wallets = defineTable('wallets', {
  item: z.object({ owner: text, cents: z.int() }),
  partitionKey: 'owner',
});

export const CreditWallet = defineSubscriber('credit-wallet', {
  consumes: [MoneySent],
  publishes: [],
  tables: [Wallets],
});
