import { type Delay, defineEvent, defineSubscriber, defineTable } from 'waybill';
import { type CheckBackHandler, checkBack, consume, ENVIRONMENT, type Environment, producer } from 'waybill/runtime';
import * as z from 'zod/mini';
import type { RunState } from '../../lib/simulator/run/run-state.ts';
import { bySending, type RunStep, type System, startingWith } from '../../lib/simulator/system.ts';
import { Accounts, Bank, Transactions } from './bank.ts';

// Money that leaves an account of a bank, which is not in DynamoDB for all that Waybill knows, and comes to a wallet: by
// half messages, some of which are left to the check-back.

const text = z.string().check(z.minLength(1));

const MoneySent = defineEvent('money.sent', {
  schema: z.object({ transaction: text, to: text, cents: z.int().check(z.positive()) }),
  key: ({ to }) => to,
  businessLine: 'transfers',
});

const Wallets = defineTable('wallets', {
  item: z.object({ owner: text, cents: z.int() }),
  partitionKey: 'owner',
});

const CreditWallet = defineSubscriber('credit-wallet', { consumes: [MoneySent], tables: [Wallets] });

const RICH = { owner: 'rich', cents: 1_000_000 };
const POOR = { owner: 'poor', cents: 100 };
const PRICE = 250;
/** The owner never learns what becomes of these, and says so. */
const SILENT = 'silent-';
/** As long as an owner is asked: shorter than a run may take. */
const PATIENCE = '15m';

interface Transfer {
  readonly from: string;
  /** Milliseconds for which the local transaction is open. */
  readonly open?: number;
  readonly delay?: '20s' | '16m';
  readonly prefix?: string;
  /** Where the producer stops, and leaves the rest to the check-back. @default nowhere */
  readonly stops?: 'prepared' | 'debited';
}

function sending({ from, open = 0, delay, prefix = '', stops }: Transfer): RunStep {
  return async ({ environment }) => {
    const transaction = prefix + Buffer.from(environment.random(8)).toString('hex');
    const bank = new Bank(environment);
    const when: Delay = delay ? { delay } : {};
    const half = await producer.prepare(
      MoneySent,
      { transaction, to: 'wallet', cents: PRICE },
      { environment, transactionId: transaction, ...when },
    );
    if (stops === 'prepared') return undefined;
    try {
      await bank.begin(transaction);
      if (open > 0) await environment.sleep(open);
      await bank.commit(transaction, from, PRICE);
    } catch (error) {
      // Only the store knows whether it can still commit.
      if ((await bank.decide(transaction)) === 'rollback') await half.rollback();
      throw error;
    }
    return stops === 'debited' ? undefined : half.commit();
  };
}

const handler: CheckBackHandler = (event, context = {}) => {
  const { [ENVIRONMENT]: environment } = context as unknown as { readonly [ENVIRONMENT]: Environment };
  const bank = new Bank(environment);
  const decide = async (id: string) => (id.startsWith(SILENT) ? ('unknown' as const) : bank.decide(id));
  return checkBack(MoneySent, decide, { patience: PATIENCE })(event, context);
};

/** The bank, the wallets, and how money goes from one to the other. */
export const transfers = {
  subscribers: [CreditWallet],
  handlers: {
    [CreditWallet.name]: consume(CreditWallet, ({ to, cents }, { tx }) => {
      tx.update(Wallets, { owner: to }, { create: true, add: { cents } });
    }),
  },
  checkBack: handler,
  tables: [startingWith(Accounts, [RICH, POOR])],
  workload: [
    bySending(['half'], sending({ from: RICH.owner })),
    bySending(['half', 'held'], sending({ from: RICH.owner, open: 8_000 })),
    bySending(['half', 'held'], sending({ from: RICH.owner, open: 20_000 })),
    bySending(['half'], sending({ from: RICH.owner, stops: 'debited' })),
    bySending(['half'], sending({ from: RICH.owner, stops: 'prepared' })),
    bySending(['half'], sending({ from: POOR.owner })),
    bySending(['half', 'delay'], sending({ from: RICH.owner, delay: '20s' })),
    bySending(['half', 'wait'], sending({ from: RICH.owner, delay: '16m' })),
    bySending(['half', 'quarantine'], sending({ from: RICH.owner, prefix: SILENT, stops: 'prepared' })),
    bySending(['half', 'held'], sending({ from: RICH.owner, open: 40_000 })),
  ],
  invariant: auditTransfers,
} satisfies Partial<System>;

/** What has left an account is in a wallet, by exactly one message, unless nobody has decided yet. */
function auditTransfers({ rows, committed, ended, undecided }: RunState): string[] {
  const wrong: string[] = [];
  const transactions = rows(Transactions);
  const open = new Set(undecided);
  const sent = Map.groupBy(
    committed.filter(({ type }) => type === MoneySent.type),
    ({ payload }) => transactionIn(payload),
  );
  const left = transactions.filter(({ outcome }) => outcome === 'committed');
  for (const { id } of left) {
    const messages = sent.get(id)?.length ?? 0;
    if (messages !== 1 && !open.has(id)) wrong.push(`transaction ${id} has committed, and sent ${messages} messages`);
  }
  for (const id of sent.keys()) {
    if (!left.some((one) => one.id === id)) wrong.push(`transaction ${id} has not committed, and sent a message`);
  }
  const debited = left.reduce((sum, { cents }) => sum + cents, 0);
  const balance = rows(Accounts).reduce((sum, { cents }) => sum + cents, 0);
  if (balance + debited !== RICH.cents + POOR.cents) wrong.push(`${debited} cents were sent, and ${balance} are left`);
  const credited = rows(Wallets).reduce((sum, { cents }) => sum + cents, 0);
  const handled = ended.filter(({ subscriber, state }) => subscriber === CreditWallet.name && state === 'handled');
  const due = handled.length * PRICE;
  if (credited !== due) wrong.push(`wallets hold ${credited} cents, and ${due} were sent to them`);
  return wrong;
}

function transactionIn(payload: unknown): string {
  return (payload as { readonly transaction: string }).transaction;
}
