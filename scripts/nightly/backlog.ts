import { defineEvent, defineSubscriber, defineTable } from 'waybill';
import { reconcile } from 'waybill/operations';
import { consume, transact } from 'waybill/runtime';
import { MemoryStack, type StackRequest } from 'waybill/testing';
import * as z from 'zod/mini';
import { operate } from '../../lib/circuit/operate.ts';
import { ledgerOf } from '../../lib/ledger/ledger.ts';

// A backlog that is too large for plans, which are many and small: a subscriber stands still for hours, and then works off
// what has come meanwhile, beside one that is well.

const Placed = defineEvent('order.placed', {
  schema: z.object({ orderId: z.string() }),
  key: ({ orderId }) => orderId,
  businessLine: 'orders',
});
const Books = defineTable('books', {
  item: z.object({ orderId: z.string(), by: z.string(), times: z.int() }),
  partitionKey: 'orderId',
  sortKey: 'by',
});
const Slow = defineSubscriber('slow', { consumes: [Placed], tables: [Books] });
const Quick = defineSubscriber('quick', { consumes: [Placed], tables: [Books] });

/** What a backlog has shown. */
export interface Backlog {
  readonly messages: number;
  /** Copies that the slow subscriber was sent. */
  readonly copies: number;
  /** Minutes of virtual time in which the backlog was worked off. */
  readonly drainedIn: number;
  readonly rssMiB: number;
  /** What does not hold. */
  readonly wrong: readonly string[];
}

const A_TRANSACTION = 50;
const STANDSTILL_HOURS = 3;
const MOST_MINUTES = 24 * 60;
/** As the certificate judges of others while one is sick. */
const MOST_COPIES = 3;

/** Has a subscriber stand still while so many messages come, and then work them off. */
export async function runBacklog(messages: number): Promise<Backlog> {
  let copies = 0;
  const stack = new MemoryStack({
    subscribers: [Slow, Quick],
    handlers: { slow: bookBy(Slow), quick: bookBy(Quick) },
    breakers: { slow: {} },
    wire: async (request, apply) => {
      copies += copiesIn(request);
      return apply();
    },
  });
  const environment = stack.environment();
  const control = stack.queues.get('controller')?.url ?? '';
  const command = async (what: 'pause' | 'resume') => {
    await operate(ledgerOf(environment), Slow.name, what, control);
    await stack.settle('controller');
  };
  const start = stack.now;
  await command('pause');
  for (let from = 0; from < messages; from += A_TRANSACTION) {
    const orders = Array.from({ length: Math.min(A_TRANSACTION, messages - from) }, (_, n) => `${from + n}`);
    const place = (tx: Parameters<Parameters<typeof transact>[0]>[0]) => {
      for (const orderId of orders) tx.publish(Placed, { orderId });
    };
    await transact(place, { environment });
    await stack.settle('relay', Quick.name);
  }
  let rssMiB = 0;
  const pass = async (minutes: number) => {
    await stack.advance(`${minutes}m`);
    rssMiB = Math.max(rssMiB, Math.round(process.memoryUsage().rss / 2 ** 20));
  };
  for (let hour = 0; hour < STANDSTILL_HOURS; hour++) await pass(60);
  const wrong: string[] = [];
  if (copies > MOST_COPIES * messages)
    wrong.push(`${copies} copies of ${messages} messages were sent to who stood still`);
  const quick = bookedBy(stack, Quick.name);
  if (quick < messages) wrong.push(`${quick} of ${messages} ended at the one that is well while the other stood still`);
  await command('resume');
  let drainedIn = 0;
  while (bookedBy(stack, Slow.name) < messages && drainedIn < MOST_MINUTES) {
    await pass(1);
    drainedIn += 1;
  }
  for (const name of [Slow.name, Quick.name]) {
    const times = stack.rows(Books).filter(({ by }) => by === name);
    const other = times.filter((row) => row.times !== 1).length;
    if (times.length !== messages || other > 0)
      wrong.push(`${name} has ${times.length} of ${messages}, ${other} not once`);
  }
  const range = { from: start, to: stack.now };
  const { missing, uncaused } = await reconcile(environment, { ledger: stack.ledger.name, shards: 2, ...range });
  if (missing.length + uncaused.length > 0) wrong.push(`${missing.length} are missing, ${uncaused.length} uncaused`);
  return { messages, copies, drainedIn, rssMiB, wrong };
}

function bookBy(subscriber: typeof Slow | typeof Quick) {
  return consume(subscriber, ({ orderId }, { tx }) =>
    tx.update(Books, { orderId, by: subscriber.name }, { create: true, add: { times: 1 } }),
  );
}

function bookedBy(stack: MemoryStack, name: string): number {
  return stack.rows(Books).filter(({ by }) => by === name).length;
}

function copiesIn({ operation, input }: StackRequest): number {
  const { QueueUrl = '', Entries = [] } = input as { readonly QueueUrl?: string; readonly Entries?: readonly object[] };
  return operation === 'SendMessageBatch' && QueueUrl.endsWith(`/${Slow.name}`) ? Entries.length : 0;
}
