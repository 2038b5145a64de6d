/**
 * Has one key of many stand still at an ordered subscriber, and measures at which rate the others go on, beside the same
 * messages with no key that stands still: in memory, on standard queues and on FIFO queues. The rate is how many messages of
 * other keys an invocation handles, since that is what a queue's concurrency buys.
 *
 *     npm run bench -- order [--keys 100000] [--json]
 */
import { parseArgs } from 'node:util';
import { defineEvent, defineSequence, defineSubscriber, Rejected } from 'waybill';
import { consume, inOrder, publish } from 'waybill/runtime';
import { MemoryStack } from 'waybill/testing';
import * as z from 'zod/mini';
import { wholeNumber } from './options.ts';
import { figure, table } from './table.ts';

const { values } = parseArgs({
  options: { keys: { type: 'string', default: '100000' }, json: { type: 'boolean', default: false } },
});
const KEYS = wholeNumber('keys', values.keys);
/** Percent of the rate of others that is to be kept. */
const MARK = 95;
/** Keys that are published to before the queue is emptied, and messages of the one that stands still among them. */
const AT_ONCE = 1_000;
const OF_STUCK = 20;
const STUCK = 'stuck';

const Moved = defineEvent('account.moved', {
  schema: z.object({ account: z.string() }),
  key: ({ account }) => account,
  businessLine: 'accounts',
  sequence: defineSequence('accounts'),
});
const Book = defineSubscriber('book', { consumes: [Moved], ordered: { onDead: 'block' } });

/** What came of the messages of all keys. */
interface Run {
  readonly invocations: number;
  readonly others: number;
  readonly ofStuck: number;
  /** Seconds of virtual time until the last of a thousand keys was handled, at most. */
  readonly slowest: number;
}

async function run(isFifo: boolean, isStuck: boolean): Promise<Run> {
  let [invocations, others, ofStuck, slowest, last] = [0, 0, 0, 0, 0];
  const consumer = consume(
    Book,
    ({ account }) => {
      if (account === STUCK && isStuck) throw new Rejected('closed');
      if (account === STUCK) ofStuck++;
      else others++;
      if (account !== STUCK) last = stack.now;
    },
    { order: inOrder },
  );
  const stack: MemoryStack = new MemoryStack({
    subscribers: [Book],
    ...(isFifo && { fifo: [Book] }),
    handlers: {
      book: (event: never, context: never) => {
        invocations++;
        return consumer(event, context);
      },
    },
  });
  const environment = stack.environment();
  for (let done = 0; done < KEYS; done += AT_ONCE) {
    const begun = stack.now;
    for (let key = done; key < Math.min(KEYS, done + AT_ONCE); key++) {
      await publish(Moved, { account: `account-${key}` }, { environment });
      if (key % (AT_ONCE / OF_STUCK) === 0) await publish(Moved, { account: STUCK }, { environment });
    }
    await stack.advance('10s');
    slowest = Math.max(slowest, (last - begun) / 1_000);
  }
  return { invocations, others, ofStuck, slowest };
}

const rows = [];
for (const isFifo of [false, true]) {
  const [free, stuck] = [await run(isFifo, false), await run(isFifo, true)];
  const kept = (100 * (stuck.others / stuck.invocations)) / (free.others / free.invocations);
  rows.push({ queue: isFifo ? 'FIFO' : 'standard', free, stuck, kept });
}
const isKept = rows.every(({ kept, stuck }) => kept >= MARK && stuck.others === KEYS && stuck.ofStuck === 0);
if (values.json) process.stdout.write(`${JSON.stringify({ keys: KEYS, mark: MARK, rows })}\n`);
else {
  const lines = rows.map(({ queue, free, stuck, kept }) => [
    queue,
    ...[free.others, free.invocations, stuck.others, stuck.invocations, stuck.slowest, kept].map(figure),
  ]);
  const head = ['queue', 'others', 'invocations', 'others, one stuck', 'invocations', 'slowest s', '% of the rate'];
  process.stdout.write(
    `${table(head, lines)}\n\nOf the rate of other keys ${MARK} % are to be kept: ${isKept ? 'they are' : 'they are not'}\n`,
  );
}
if (!isKept) process.exitCode = 1;
