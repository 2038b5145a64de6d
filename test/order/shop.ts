import { defineEvent, defineSequence, defineSubscriber, defineTable, type EventOutput } from 'waybill';
import { consume, type HandlerContext, inOrder } from 'waybill/runtime';
import { z } from 'zod';

export const Accounts = defineSequence('accounts');

const schema = z.object({ account: z.string(), cents: z.int() });

export const Deposited = defineEvent('account.deposited', {
  schema,
  key: ({ account }) => account,
  businessLine: 'accounts',
  sequence: Accounts,
});

export const Withdrawn = defineEvent('account.withdrawn', {
  schema,
  key: ({ account }) => account,
  businessLine: 'accounts',
  sequence: Accounts,
});

/** The movements of an account, joined in the order in which they took effect. */
export const Books = defineTable('books', {
  item: z.object({ account: z.string(), movements: z.string(), version: z.int() }),
  partitionKey: 'account',
  version: 'version',
});

export const Project = defineSubscriber('project', {
  consumes: [Deposited, Withdrawn],
  tables: [Books],
  ordered: { onDead: 'block' },
  retry: { attempts: 3 },
});

export const ProjectOn = defineSubscriber('project-on', {
  consumes: [Deposited, Withdrawn],
  tables: [Books],
  ordered: { onDead: 'skip' },
  retry: { attempts: 3 },
});

/** A handler that books movements, and first asks `meet` what becomes of one: what it throws is thrown. */
export function booking(subscriber: typeof Project | typeof ProjectOn, meet: (cents: number, attempt: number) => void) {
  type Context = HandlerContext<typeof Project, string>;
  const book = async ({ account, cents }: EventOutput<typeof Deposited>, { tx, message }: Context) => {
    const row = await tx.get(Books, { account });
    meet(cents, message.attempt);
    const movements = row ? `${row.movements} ${cents}` : String(cents);
    tx.put(Books, { account, movements, version: row?.version ?? 0 });
  };
  return consume(
    subscriber as typeof Project,
    { 'account.deposited': book, 'account.withdrawn': book },
    { order: inOrder },
  );
}
