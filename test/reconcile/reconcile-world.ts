import { toItem } from '../../lib/aws/expression.ts';
import { BINDINGS } from '../../lib/contract/bindings.ts';
import { writeReceipts } from '../../lib/ledger/receipt.ts';
import { dueKey } from '../../lib/ledger/rows/due.ts';
import { failureKey } from '../../lib/ledger/rows/failure.ts';
import { type EndState, inboxKey } from '../../lib/ledger/rows/inbox.ts';
import type { LedgerKey } from '../../lib/ledger/rows/layout.ts';
import { type OutboxRow, outboxKey } from '../../lib/ledger/rows/outbox.ts';
import { eventTypeKey, type Route, routeKey } from '../../lib/ledger/rows/route.ts';
import { type Envelope, encodeEnvelope } from '../../lib/message/envelope.ts';
import { messageTime, mintMessageId } from '../../lib/message/message-id.ts';
import type { ReconcileOptions } from '../../lib/reconcile/reconcile.ts';
import { reconcile } from '../../lib/reconcile/reconcile.ts';
import { seededRandom } from '../../lib/testing/seeded-random.ts';
import { enginesOn, testEnvironment } from '../../lib/testing/test-environment.ts';
import { VirtualClock } from '../../lib/testing/virtual-clock.ts';

export const NOW = Date.parse('2026-11-23T08:14:00Z');
export const DEADLINE = 60_000;
const SHARDS = 4;
const LEDGER = 'ledger';
const LIFETIME = 14 * 86_400_000;

/** A ledger whose rows a test lays down one by one, as each hop would have, and the queues beside it. */
export function reconcileWorld({ subscribers = ['payment', 'sales'], now = NOW } = {}) {
  const clock = new VirtualClock({ now, jumps: true });
  const engines = enginesOn(clock);
  const random = seededRandom(7);
  const table = engines.dynamodb.createTable({
    name: LEDGER,
    partitionKey: { name: 'pk', type: 'S' },
    sortKey: { name: 'sk', type: 'S' },
  });
  const queues = new Map(subscribers.map((name) => [name, engines.sqs.createQueue({ name })]));
  const forwardQueue = engines.sqs.createQueue({ name: 'forward' });
  const environment = testEnvironment({
    clock,
    random,
    engines,
    variables: {
      [BINDINGS.ledger]: LEDGER,
      [BINDINGS.shards]: String(SHARDS),
      [BINDINGS.forwardQueueUrl]: forwardQueue.url,
    },
  });
  const put = (key: LedgerKey, row: object) => table.write(toItem(key), toItem({ ...key, ...row }));
  const routes = subscribers.map(
    (subscriber): Route => ({
      type: 'order.placed',
      subscriber,
      since: 0,
      destination: { kind: 'queue', url: queues.get(subscriber)?.url ?? '' },
      deadline: DEADLINE,
      businessLine: 'orders',
    }),
  );
  put(eventTypeKey('order.placed'), {});
  for (const route of routes) put(routeKey(route.type, route.subscriber), route);

  let minted = 0;
  return {
    clock,
    engines,
    environment,
    table,
    routes,
    put,
    forwardQueue,
    queue: (subscriber: string) => queues.get(subscriber) as NonNullable<ReturnType<typeof queues.get>>,
    /** Mints a message id that is so many milliseconds old. */
    mint: (age: number, key = `order-${minted++}`) =>
      mintMessageId({ now: clock.now() - age, random: random(16), key, shards: SHARDS }),
    commit(id: string, type = 'order.placed', rest: Partial<Envelope> = {}, row: Partial<OutboxRow> = {}): string {
      const time = messageTime(id);
      const envelope: Envelope = {
        specversion: '1.0',
        id,
        source: '/ledger/test',
        type,
        time: new Date(time).toISOString(),
        datacontenttype: 'application/json',
        partitionkey: 'order-1',
        version: 1,
        businessline: 'orders',
        correlationid: id,
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        expires: new Date(time + LIFETIME).toISOString(),
        ledger: LEDGER,
        data: {},
        ...rest,
      };
      put(outboxKey(id), { envelope: encodeEnvelope(envelope), ttl: (time + LIFETIME) / 1000, ...row });
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
    relay: (id: string, to: string) => writeReceipts(environment, LEDGER, SHARDS, [{ to, ids: [id] }]),
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
