import { Rejected } from 'waybill';
import { consume, inOrder } from 'waybill/runtime';
import { type BookFifo, type BookQueue, Books } from './contract.ts';

/** Books each movement, but for those that it refuses. */
export function booking(subscriber: typeof BookQueue | typeof BookFifo) {
  return consume(
    subscriber as typeof BookQueue,
    ({ run, account, isRefused }, { tx }) => {
      if (isRefused) throw new Rejected('closed');
      tx.put(Books, { run, account, at: Date.now() });
    },
    { order: inOrder },
  );
}
