import { defineEvent, defineSequence, defineSubscriber, defineTable } from 'waybill';
import { z } from 'zod';

const options = {
  schema: z.object({ account: z.string(), movement: z.int() }),
  key: ({ account }: { readonly account: string }) => account,
  businessLine: 'accounts',
  sequence: defineSequence('accounts'),
};

export const Deposited = defineEvent('account.deposited', options);
export const Withdrawn = defineEvent('account.withdrawn', options);

/** The movements of an account at each subscriber, joined in the order in which they took effect. */
export const Books = defineTable('books', {
  item: z.object({ account: z.string(), subscriber: z.string(), movements: z.string(), version: z.int() }),
  partitionKey: 'account',
  sortKey: 'subscriber',
  version: 'version',
});

const consumes = [Deposited, Withdrawn] as const;

/** Has a FIFO queue. */
export const Book = defineSubscriber('book-movements', { consumes, tables: [Books], ordered: { onDead: 'block' } });

/** Reads a stream. */
export const Tally = defineSubscriber('tally-movements', { consumes, tables: [Books], ordered: { onDead: 'block' } });
