import { z } from 'zod';
import { toItem } from '../../lib/aws/attribute.ts';
import { defineEvent } from '../../lib/contract/event.ts';
import { defineSubscriber } from '../../lib/contract/subscriber.ts';
import { ledgerOf } from '../../lib/ledger/ledger.ts';
import { writeReceipts } from '../../lib/ledger/receipt.ts';
import { dueKey } from '../../lib/ledger/rows/due.ts';
import { failureKey } from '../../lib/ledger/rows/failure.ts';
import { type EndState, inboxKey } from '../../lib/ledger/rows/inbox.ts';
import type { LedgerKey } from '../../lib/ledger/rows/layout.ts';
import type { OutboxRow } from '../../lib/ledger/rows/outbox.ts';
import { type Route, routeKey } from '../../lib/ledger/rows/route.ts';
import type { Envelope } from '../../lib/message/envelope.ts';
import { messageTime, mintMessageId } from '../../lib/message/message-id.ts';
import type { ReconcileOptions } from '../../lib/reconcile/reconcile.ts';
import { reconcile } from '../../lib/reconcile/reconcile.ts';
import { toRow } from '../../lib/testing/engines/dynamodb/table.ts';
import type { Queue } from '../../lib/testing/engines/index.ts';
import { seededRandom } from '../../lib/testing/seeded-random.ts';
import { MemoryStack } from '../../lib/testing/stack/memory-stack.ts';
import { VirtualClock } from '../../lib/testing/virtual-clock.ts';

export const NOW = Date.parse('2026-11-23T08:14:00Z');
export const DEADLINE = 60_000;
const SHARDS = 4;
const LEDGER = 'ledger';
const LIFETIME = 14 * 86_400_000;

const OrderPlaced = defineEvent('order.placed', {
  schema: z.looseObject({}),
  key: () => 'order-1',
  businessLine: 'orders',
});

/** A ledger whose rows a test lays down one by one, as each hop would have, and the queues beside it. */
export function reconcileWorld({ subscribers = ['payment', 'sales'], now = NOW } = {}) {
  const clock = new VirtualClock({ now, jumps: true });
  const definitions = subscribers.map((name) => defineSubscriber(name, { consumes: [OrderPlaced] }));
  const stack = new MemoryStack({ subscribers: definitions, ledger: LEDGER, shards: SHARDS, clock });
  const { engines, ledger: table } = stack;
  const random = seededRandom(7);
  const environment = stack.environment({ random });
  const put = (key: LedgerKey, row: object) => table.write(toItem(key), toItem({ ...key, ...row }));
  const queue = (name: string) => stack.queues.get(name) as Queue;

  const ledger = ledgerOf(environment);
  let minted = 0;
  return {
    ledger,
    clock,
    engines,
    environment,
    table,
    put,
    forwardQueue: queue('forwarder'),
    queue,
    routes: subscribers.map(
      (name) => toRow(table.get(toItem(routeKey(OrderPlaced.type, name))) ?? {}) as unknown as Route,
    ),
    /** Mints a message id that is so many milliseconds old. */
    mint: (age: number, key = `order-${minted++}`) =>
      mintMessageId({ now: clock.now() - age, random: random(16), key, shards: SHARDS }),
    commit(id: string, type = 'order.placed', rest: Partial<Envelope> = {}, row: Partial<OutboxRow> = {}): string {
      const given = { now: messageTime(id), publisher: 'test' };
      const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
      const envelope = stack.outbox.envelope(OrderPlaced, {}, given);
      stack.outbox.write({ ...envelope, id, type, correlationid: id, traceparent, ...rest }, row);
      return id;
    },
    /** The envelope's attributes of a message that is to be delivered at a moment. */
    at: (deliverAt: number): Partial<Envelope> => ({
      deliverat: new Date(deliverAt).toISOString(),
      expires: new Date(deliverAt + LIFETIME).toISOString(),
    }),
    /** Puts a message to wait for its moment, as the relay does. */
    wait: (id: string, deliverAt: number) => put(dueKey(id, deliverAt), { ttl: (deliverAt + LIFETIME) / 1000 }),
    /** Writes the receipt of a copy that was sent now. */
    relay: (id: string, to: string) => writeReceipts(ledger, [{ to, ids: [id] }]),
    end(
      id: string,
      subscriber: string,
      state: EndState = 'handled',
      relayed: number | undefined = messageTime(id),
      published?: readonly string[],
    ) {
      put(inboxKey(subscriber, id), {
        state,
        type: 'order.placed',
        hops: { committed: messageTime(id), relayed, received: clock.now(), ended: clock.now() },
        attempts: 1,
        published,
        reason: state === 'dead' ? 'rejected' : undefined,
        ended: { function: 'f', request: 'r' },
        ttl: (messageTime(id) + LIFETIME) / 1000,
      });
    },
    fail(id: string, subscriber: string, next: number) {
      put(failureKey(subscriber, id), { attempts: 2, reason: 'Boom', detail: 'Boom: no', next, ttl: next });
    },
    inspection: { ledger: LEDGER, shards: SHARDS },
    reconcile: (options: Partial<ReconcileOptions> = {}) =>
      reconcile(environment, { ledger: LEDGER, shards: SHARDS, from: clock.now() - 600_000, ...options }),
  };
}
