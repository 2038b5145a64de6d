import { defineEvent, defineSequence, defineSubscriber, defineTable } from 'waybill';
import * as z from 'zod/mini';

const text = z.string().check(z.minLength(1), z.maxLength(128));
const movement = z.object({ account: text, cents: z.int().check(z.positive()), text });

/** The movements of an account take effect in the order in which they were booked. */
export const Movements = defineSequence('movements');

const options = {
  schema: movement,
  key: ({ account }: z.infer<typeof movement>) => account,
  businessLine: 'accounts',
  sequence: Movements,
} as const;

export const Deposited = defineEvent('account.deposited', options);
export const Withdrawn = defineEvent('account.withdrawn', options);

/** What is on an account: what is withdrawn must be there. */
export const Accounts = defineTable('accounts', {
  item: z.object({ account: text, cents: z.int() }),
  partitionKey: 'account',
});

/** The projection that customers see: each movement, and what was on the account after it. */
export const Statements = defineTable('statements', {
  item: z.object({ account: text, line: z.int(), text, cents: z.int(), balance: z.int() }),
  partitionKey: 'account',
  sortKey: 'line',
});

/** The last line of each statement. */
export const Balances = defineTable('balances', {
  item: z.object({ account: text, lines: z.int(), balance: z.int(), version: z.int() }),
  partitionKey: 'account',
  version: 'version',
});

export const WriteStatement = defineSubscriber('write-statement', {
  consumes: [Deposited, Withdrawn],
  tables: [Statements, Balances],
  ordered: { onDead: 'block' },
});
