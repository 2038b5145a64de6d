import { defineEvent, defineSubscriber, defineTable } from 'waybill';
import { consume, publish } from 'waybill/runtime';
import { bySending, publishing, type RunState, type System } from 'waybill/testing';
import * as z from 'zod/mini';

const gift = {
  schema: z.object({ to: z.string() }),
  key: ({ to }: { readonly to: string }) => to,
  businessLine: 'gifts',
};
const Given = defineEvent('gift.given', gift);
const Thanked = defineEvent('gift.thanked', gift);
const Gifts = defineTable('gifts', {
  item: z.object({ to: z.string(), by: z.string(), times: z.int() }),
  partitionKey: 'to',
  sortKey: 'by',
});
const Give = defineSubscriber('give', { consumes: [Given], publishes: [Thanked], tables: [Gifts] });
const Thank = defineSubscriber('thank', { consumes: [Thanked], tables: [Gifts] });
const KNOWN: readonly string[] = ['ada', 'bob', 'cleo'];

/** Whose queues others may write into, too: its ledger signs, and its subscribers take nothing else. */
export const forged: System = {
  subscribers: [Give, Thank],
  handlers: {
    [Give.name]: consume(Give, ({ to }, { tx }) => {
      tx.update(Gifts, { to, by: Give.name }, { create: true, add: { times: 1 } });
      tx.publish(Thanked, { to });
    }),
    [Thank.name]: consume(Thank, ({ to }, { tx }) => {
      tx.update(Gifts, { to, by: Thank.name }, { create: true, add: { times: 1 } });
    }),
  },
  signing: { keys: { 'key-1': 'a key that nobody else can guess' }, verifiedBy: [Give.name, Thank.name] },
  workload: [
    publishing(Given, { to: 'ada' }),
    bySending(['delay'], ({ environment }) => publish(Given, { to: 'bob' }, { environment, delay: '40s' })),
    publishing(Given, { to: 'cleo' }, '2h'),
  ],
  invariant: wrongGifts,
};

/** Everything is given once that was committed, and nothing to anybody else. */
function wrongGifts({ rows, ended }: RunState): string[] {
  return rows(Gifts).flatMap(({ to, by, times }) => {
    const handled = ended.filter(
      ({ subscriber, state, payload }) =>
        subscriber === by && state === 'handled' && (payload as { readonly to: string }).to === to,
    );
    return KNOWN.includes(to) && handled.length === times ? [] : [`'${to}' was given ${times} times by ${by}`];
  });
}
