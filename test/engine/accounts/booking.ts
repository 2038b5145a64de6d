import type { EventOutput } from 'waybill';
import { consume, type HandlerContext, inOrder } from 'waybill/runtime';
import { type Book, Books, type Deposited, type Tally } from './contract.ts';

type Movement = EventOutput<typeof Deposited>;

/** What a movement and its attempt meet before it is booked. */
export type Meet = (movement: Movement, attempt: number) => void;

/** Joins a movement to those before it. What `meet` throws is thrown first. */
export function booking(subscriber: typeof Book | typeof Tally, meet: Meet = () => undefined) {
  type Context = HandlerContext<typeof Book, string>;
  const book = async (movement: Movement, { tx, message }: Context) => {
    const { account } = movement;
    const row = await tx.get(Books, { account, subscriber: subscriber.name });
    meet(movement, message.attempt);
    const movements = row ? `${row.movements} ${movement.movement}` : String(movement.movement);
    tx.put(Books, { account, subscriber: subscriber.name, movements, version: row?.version ?? 0 });
  };
  return consume(
    subscriber as typeof Book,
    { 'account.deposited': book, 'account.withdrawn': book },
    { order: inOrder },
  );
}
