import { defineEvent, defineSequence, defineSubscriber, defineTable, type EventOutput, Rejected } from 'waybill';
import { cancel, consume, type HandlerContext, inOrder, publish, transact } from 'waybill/runtime';
import { bySending, type DescribedStep, type RunState, type System, withTrait } from 'waybill/testing';
import * as z from 'zod/mini';

const Accounts = defineSequence('accounts');
const options = {
  schema: z.object({ account: z.string(), movement: z.int() }),
  key: ({ account }: { readonly account: string }) => account,
  businessLine: 'accounts',
  sequence: Accounts,
};
const Deposited = defineEvent('account.deposited', options);
const Withdrawn = defineEvent('account.withdrawn', options);

/** The movements of an account at each subscriber, in the order in which they took effect. */
const Books = defineTable('books', {
  item: z.object({ account: z.string(), by: z.string(), movements: z.array(z.int()), version: z.int() }),
  partitionKey: 'account',
  sortKey: 'by',
  version: 'version',
});
/** Accounts that were opened: nothing is booked before. */
const Opened = defineTable('opened', { item: z.object({ account: z.string() }), partitionKey: 'account' });

const tables = [Books, Opened] as const;
const retry = { attempts: 3 } as const;
const Book = defineSubscriber('book', {
  consumes: [Deposited, Withdrawn],
  tables,
  ordered: { onDead: 'block' },
  retry,
});
const Forward = defineSubscriber('forward', {
  consumes: [Deposited, Withdrawn],
  tables,
  ordered: { onDead: 'skip' },
  retry,
});
/** Takes one of the types, from a stream. */
const Tally = defineSubscriber('tally', { consumes: [Withdrawn], tables, ordered: { onDead: 'block' }, retry });

/** A movement that an account does not take before it was opened. */
const EARLY = 1;
/** Of these, the first attempt fails. */
const FAILING = 4;

type Movement = EventOutput<typeof Deposited>;
type Context = HandlerContext<typeof Book, string>;

async function book(by: string, { account, movement }: Movement, { tx, message }: Context): Promise<void> {
  const row = await tx.get(Books, { account, by });
  if (movement === EARLY && !(await tx.get(Opened, { account }))) throw new Rejected('not open yet');
  if (movement % FAILING === 0 && message.attempt < 2) throw new Error('the books are closed');
  tx.put(Books, { account, by, movements: [...(row?.movements ?? []), movement], version: row?.version ?? 0 });
}

const handlersOf = (by: string) => {
  const handler = (movement: Movement, context: Context) => book(by, movement, context);
  return { 'account.deposited': handler, 'account.withdrawn': handler };
};

function step(account: string, ...movements: readonly number[]): DescribedStep {
  return {
    publishes: Deposited,
    run: async (given) => {
      const ids: string[] = [];
      for (const movement of movements) {
        const event = (movement % 2 === 0 ? Withdrawn : Deposited) as typeof Deposited;
        ids.push((await publish<typeof Deposited>(event, { account, movement }, given)).id);
      }
      return ids;
    },
  };
}

/** Accounts whose movements take effect in order, whatever fails. */
export const accounts: System = {
  subscribers: [Book, Forward, Tally],
  handlers: {
    [Book.name]: consume(Book, handlersOf('book'), { order: inOrder }),
    [Forward.name]: consume(Forward, handlersOf('forward') as never, { order: inOrder }),
    [Tally.name]: consume(Tally, (movement, context) => book('tally', movement, context as never), { order: inOrder }),
  },
  streams: { 'account-stream': [Tally] },
  fifo: [Forward],
  workload: [
    withTrait('opened', ({ environment }) => transact((tx) => tx.put(Opened, { account: 'a' }), { environment })),
    step('a', EARLY, 2, 3),
    step('a', 4, 5),
    step('b', 2, 3, 4),
    step('b', 5, 6, 7, 8),
    {
      publishes: Deposited,
      run: async ({ environment }) => {
        const { ids } = await transact(
          (tx) => {
            tx.publish(Deposited, { account: 'c', movement: 3 });
            tx.publish(Withdrawn, { account: 'c', movement: 2 });
            tx.publish(Deposited, { account: 'a', movement: 7 });
          },
          { environment },
        );
        return ids;
      },
    },
    bySending(
      ['cancel'],
      async ({ environment }) => (await publish(Withdrawn, { account: 'b', movement: 10 }, { environment })).id,
      {
        after: '400ms',
        run: async ({ environment, answer }) => {
          if (typeof answer === 'string') return cancel(answer, { environment });
        },
      },
    ),
  ],
  invariant: (state) => booked(state),
};

/** Nothing is booked twice, and every account has at each subscriber what was handled there. */
function booked({ rows, ended }: RunState): string[] {
  return rows(Books).flatMap(({ account, by, movements }) => {
    const handled = ended.filter(
      ({ subscriber, state, payload }) =>
        subscriber === by && state === 'handled' && (payload as Movement).account === account,
    );
    return handled.length === movements.length
      ? []
      : [`'${by}' has booked ${movements.length} movements of '${account}', and handled ${handled.length}`];
  });
}
