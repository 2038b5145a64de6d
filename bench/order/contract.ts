import { defineEvent, defineSequence, defineSubscriber, defineTable } from 'waybill';
import * as z from 'zod/mini';

/** A movement of an account that its subscriber handles, or refuses for good. */
const moved = (queue: string) =>
  defineEvent(`${queue}.moved`, {
    schema: z.object({ run: z.string(), account: z.string(), isRefused: z.boolean() }),
    key: ({ run, account }) => `${run}-${account}`,
    businessLine: 'accounts',
    sequence: defineSequence(`${queue}-accounts`),
  });

export const MovedOnQueue = moved('standard');
export const MovedOnFifo = moved('fifo');

/** When an account was moved last in a run, in milliseconds since the epoch. */
export const Books = defineTable('books', {
  item: z.object({ run: z.string(), account: z.string(), at: z.int() }),
  partitionKey: 'run',
  sortKey: 'account',
});

const options = { tables: [Books], ordered: { onDead: 'block' } } as const;
export const BookQueue = defineSubscriber('book-queue', { consumes: [MovedOnQueue], ...options });
export const BookFifo = defineSubscriber('book-fifo', { consumes: [MovedOnFifo], ...options });
