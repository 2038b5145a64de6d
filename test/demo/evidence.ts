import * as z from 'zod/mini';
import type { Poison } from '../../demo/poison.ts';
import type { EndedMessage, TrackedMessage } from '../../demo/tracker.ts';
import type { Evidence } from '../../demo/verdict.ts';
import type { ReceivedLetter } from '../../demo/wire.ts';
import { defineEvent } from '../../lib/contract/event.ts';
import { defineSubscriber } from '../../lib/contract/subscriber.ts';
import type { EndState } from '../../lib/ledger/rows/inbox.ts';

const event = <const Type extends string>(type: Type) =>
  defineEvent(type, {
    schema: z.object({ orderId: z.string() }),
    key: ({ orderId }) => orderId,
    businessLine: 'orders',
  });
const Placed = event('order.placed');
const Paid = event('order.paid');

/** Two subscribers of an order, one of which publishes what a third one consumes. */
export const subscribers = [
  defineSubscriber('pay', { consumes: [Placed], publishes: [Paid] }),
  defineSubscriber('count', { consumes: [Placed] }),
  defineSubscriber('ship', { consumes: [Paid] }),
];

export const placed: TrackedMessage = { id: 'placed-1', type: 'order.placed', orderId: '1' };
export const paid: TrackedMessage = { id: 'paid-1', type: 'order.paid', orderId: '1' };

/** What is known of a run of one order in which everything went well. */
export function evidence(change: Partial<Evidence> = {}): Evidence {
  return {
    subscribers,
    committed: [placed, paid],
    ended: [end('pay', placed, 'handled', { published: ['paid-1'] }), end('count', placed), end('ship', paid)],
    letters: [],
    poison: [],
    audit: { conserved: true, findings: [], sums: [] },
    functions: { calls: { TransactWriteItems: 3, SendMessageBatch: 2 }, writeUnits: 20, invocations: 5, outcomes: {} },
    reconciliation: { missing: [], uncaused: [] },
    producer: { calls: { TransactWriteItems: 1 }, writeUnits: 4 },
    ...change,
  };
}

/** A message that was committed at 1,000 ms and has ended 100 ms later, unless its row says otherwise. */
export function end(
  subscriber: string,
  message: TrackedMessage,
  state: EndState = 'handled',
  row: Partial<EndedMessage['row']> = {},
): EndedMessage {
  return {
    message,
    subscriber,
    row: {
      ...{ pk: '', sk: message.id, ttl: 0, state, type: message.type, attempts: 1 },
      hops: { committed: 1_000, received: 1_050, ended: 1_100 },
      ended: { function: '', request: '' },
      ...row,
    },
  };
}

export function letter(change: Partial<ReceivedLetter>): ReceivedLetter {
  return { bytes: new Uint8Array(), reason: 'rejected', detail: '', subscriber: 'pay', sha256: '', ...change };
}

export function poison(change: Partial<Poison>): Poison {
  return {
    subscriber: 'pay',
    kind: 'no JSON',
    bytes: new Uint8Array(),
    sha256: 'a',
    reason: 'malformed-message',
    ...change,
  };
}
