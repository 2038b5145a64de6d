import { defineEvent, defineSequence, defineSubscriber, Rejected } from 'waybill';
import { consume, inOrder, publish } from 'waybill/runtime';
import { MemoryStack } from 'waybill/testing';
import * as z from 'zod/mini';

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
export interface Run {
  readonly invocations: number;
  readonly others: number;
  readonly ofStuck: number;
  /** Seconds of virtual time until the last of a thousand keys was handled, at most. */
  readonly slowest: number;
}

/** Publishes to so many keys and to one besides, whose messages are refused where it is stuck. */
export async function runInMemory(keys: number, isFifo: boolean, isStuck: boolean): Promise<Run> {
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
  for (let done = 0; done < keys; done += AT_ONCE) {
    const begun = stack.now;
    for (let key = done; key < Math.min(keys, done + AT_ONCE); key++) {
      await publish(Moved, { account: `account-${key}` }, { environment });
      if (key % (AT_ONCE / OF_STUCK) === 0) await publish(Moved, { account: STUCK }, { environment });
    }
    await stack.advance('10s');
    slowest = Math.max(slowest, (last - begun) / 1_000);
  }
  return { invocations, others, ofStuck, slowest };
}
