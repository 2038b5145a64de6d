import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toItem } from '../../lib/aws/attribute.ts';
import { usageSince } from '../../lib/aws/invocation.ts';
import { cancel } from '../../lib/cancel/cancel.ts';
import { reschedule } from '../../lib/cancel/reschedule.ts';
import { BINDINGS } from '../../lib/contract/bindings.ts';
import { type EndState, type InboxRow, inboxKey } from '../../lib/ledger/rows/inbox.ts';
import { outboxKey } from '../../lib/ledger/rows/outbox.ts';
import { type Route, routeKey } from '../../lib/ledger/rows/route.ts';
import { decodeEnvelope } from '../../lib/message/envelope.ts';
import { messageTime, mintMessageId } from '../../lib/message/message-id.ts';
import { publish } from '../../lib/publish/publish.ts';
import { seededRandom } from '../../lib/testing/seeded-random.ts';
import {
  cancelledFor,
  type Fault,
  ORDER,
  OrderPlaced,
  openShop,
  refusedBy,
  replyLost,
  takeGoods,
} from '../consume/shop.ts';

const RESERVE = 'reserve-stock';

/** A shop in which subscribers expect orders, and what a message and its rows are there. */
function sending({ subscribers = [RESERVE], producer = 'web-shop' } = {}) {
  const shop = openShop({ variables: { [BINDINGS.producer]: producer } });
  const expects = (subscriber: string, since = 0) => {
    const destination = { kind: 'queue', url: shop.queue.url } as const;
    const route: Route = {
      type: OrderPlaced.type,
      subscriber,
      since,
      destination,
      deadline: 60_000,
      businessLine: 'x',
    };
    const key = routeKey(route.type, subscriber);
    shop.ledger.write(toItem(key), toItem({ ...key, ...route }));
  };
  // Nobody expects orders but who is said to.
  shop.ledger.write(toItem(routeKey(OrderPlaced.type, RESERVE)), undefined);
  for (const subscriber of subscribers) expects(subscriber);
  shop.stock(5);
  const row = (id: string) => shop.ledger.get(toItem(outboxKey(id)));
  return {
    ...shop,
    expects,
    row,
    envelope: (id: string) => decodeEnvelope(row(id)?.envelope?.S ?? ''),
    publish: async () => (await publish(OrderPlaced, ORDER, shop)).id,
    deliver: (id: string) => shop.invoke(takeGoods, [shop.queued(decodeEnvelope(row(id)?.envelope?.S ?? ''))]),
    ends: (id: string) =>
      Object.fromEntries(subscribers.flatMap((name) => [[name, shop.inbox(id, name)?.state ?? 'open'] as const])),
    endAt: (id: string, subscriber: string, state: EndState) => {
      const end: InboxRow = {
        ...inboxKey(subscriber, id),
        state,
        type: OrderPlaced.type,
        hops: { committed: 0, received: 0, ended: 0 },
        attempts: 1,
        ended: { function: 'f', request: 'r' },
        ttl: 0,
      };
      shop.ledger.write(toItem(inboxKey(subscriber, id)), toItem(end));
    },
  };
}

describe('cancelling', () => {
  test('ends a message at every subscriber that expects it, and says who took it back', async () => {
    const shop = sending({ subscribers: [RESERVE, 'sales'] });
    const id = await shop.publish();
    shop.clock.pass(5_000);
    expect(await cancel(id, shop)).toEqual({ cancelled: true, id });
    for (const subscriber of [RESERVE, 'sales']) {
      expect(shop.inbox(id, subscriber)).toMatchObject({
        state: 'cancelled',
        type: 'order.placed',
        attempts: 0,
        hops: { ended: shop.clock.now(), committed: shop.clock.now() - 5_000 },
        ended: { function: 'web-shop' },
      });
    }
    expect(shop.row(id)).toMatchObject({ cancelled: { N: String(shop.clock.now()) } });
  });

  test('takes one read of the message, one of its routes, and one transaction', async () => {
    const shop = sending({ subscribers: [RESERVE, 'sales'] });
    const id = await shop.publish();
    const before = structuredClone(shop.environment.usage);
    await cancel(id, shop);
    const { calls, writeUnits } = usageSince(before, shop.environment.usage);
    expect(calls).toEqual({ GetItem: 1, Query: 1, TransactWriteItems: 1 });
    // Two inbox rows and the outbox row, at two units each.
    expect(writeUnits).toBe(6);
  });

  test('a message that was taken back takes no effect when it comes, and is acknowledged', async () => {
    const shop = sending();
    const id = await shop.publish();
    await cancel(id, shop);
    expect(await shop.deliver(id)).toEqual([]);
    expect([shop.left(), await shop.letters()]).toEqual([5, []]);
  });

  test.each(['handled', 'duplicate', 'dead'] as const)(
    'a message that is %s somewhere goes on everywhere',
    async (state) => {
      const shop = sending({ subscribers: [RESERVE, 'sales', 'audit'] });
      const id = await shop.publish();
      shop.endAt(id, 'sales', state);
      expect(await cancel(id, shop)).toEqual({ cancelled: false, id, ended: { sales: state } });
      expect(shop.ends(id)).toEqual({ [RESERVE]: 'open', sales: state, audit: 'open' });
      expect(shop.row(id)).not.toHaveProperty('cancelled');
      expect(await shop.deliver(id)).toEqual([]);
      expect(shop.left()).toBe(3);
    },
  );

  test('says the same twice', async () => {
    const shop = sending();
    const id = await shop.publish();
    await cancel(id, shop);
    const row = shop.row(id);
    shop.clock.pass(1_000);
    expect(await cancel(id, shop)).toEqual({ cancelled: true, id });
    expect(shop.row(id)).toEqual(row);
  });

  test('takes back what nobody expects', async () => {
    const shop = sending({ subscribers: [] });
    const id = await shop.publish();
    expect(await cancel(id, shop)).toEqual({ cancelled: true, id });
    expect(shop.row(id)).toHaveProperty('cancelled');
  });

  test('leaves alone who came to expect messages only later', async () => {
    const shop = sending();
    const id = await shop.publish();
    shop.expects('newcomer', shop.clock.now() + 3_000);
    await cancel(id, shop);
    expect(shop.inbox(id, 'newcomer')).toBeUndefined();
    expect(shop.inbox(id)?.state).toBe('cancelled');
  });

  test('says so of an id that was never committed, and of what is none', async () => {
    const shop = sending();
    const id = mintMessageId({ now: shop.clock.now(), random: new Uint8Array(16), key: 'k', shards: 16 });
    await expect(cancel(id, shop)).rejects.toMatchObject({
      code: 'unknown-message',
      message: expect.stringContaining(`No message '${id}'`),
    });
    await expect(cancel('order-7', shop)).rejects.toMatchObject({ code: 'malformed-message' });
  });

  test.each([
    ['a lost reply', replyLost],
    ['throttling', refusedBy('ThrottlingException')],
    ['a conflict', cancelledFor('TransactionConflict', 'None')],
  ])('%s is met by the identical transaction', async (_, fault) => {
    const shop = sending();
    const id = await shop.publish();
    shop.calls.length = 0;
    shop.next('TransactWriteItems', fault, fault);
    expect(await cancel(id, shop)).toEqual({ cancelled: true, id });
    const sent = shop.calls.filter(({ operation }) => operation === 'TransactWriteItems').map(({ input }) => input);
    expect(sent).toEqual([sent[0], sent[0], sent[0]]);
  });

  test('of what DynamoDB cleans up meanwhile leaves no row behind that nobody committed', async () => {
    const shop = sending();
    const id = await shop.publish();
    shop.next('TransactWriteItems', (apply) => {
      shop.ledger.write(toItem(outboxKey(id)), undefined);
      return apply();
    });
    await expect(cancel(id, shop)).rejects.toMatchObject({ code: 'unknown-message' });
    expect([shop.row(id), shop.ends(id)]).toEqual([undefined, { [RESERVE]: 'open' }]);
  });

  test('what stays undecided for a minute is said to be unknown, and can be asked again', async () => {
    const shop = sending();
    const id = await shop.publish();
    shop.from('TransactWriteItems', refusedBy('ThrottlingException'));
    const started = shop.clock.now();
    await expect(cancel(id, shop)).rejects.toMatchObject({ code: 'commit-undecided' });
    expect(shop.clock.now() - started).toBeLessThanOrEqual(60_000);
    shop.from('TransactWriteItems', undefined);
    expect(await cancel(id, shop)).toEqual({ cancelled: true, id });
  });

  test('more subscribers than a transaction can end are refused before anything is written', async () => {
    const shop = sending({ subscribers: Array.from({ length: 99 }, (_, index) => `s-${index}`) });
    const id = await shop.publish();
    await expect(cancel(id, shop)).rejects.toMatchObject({ code: 'limit-exceeded' });
    expect(shop.row(id)).not.toHaveProperty('cancelled');
  });
});

describe('a race of a cancel and a delivery has one outcome', () => {
  /** Runs the other one at the moment in which a request of the first is carried out, or just after. */
  const meeting = async (
    shop: ReturnType<typeof sending>,
    operation: string,
    other: () => Promise<unknown>,
    after: boolean,
  ) => {
    const meet: Fault = async (apply) => {
      if (!after) await other();
      const output = apply();
      if (after) await other();
      return output;
    };
    shop.next(operation, meet);
  };

  test.each([
    ['GetItem', false, 'handled'],
    ['GetItem', true, 'handled'],
    ['Query', false, 'handled'],
    ['Query', true, 'handled'],
    ['TransactWriteItems', false, 'handled'],
    ['TransactWriteItems', true, 'cancelled'],
  ] as const)('the delivery runs at the cancel’s %s (after it: %s): %s', async (operation, after, outcome) => {
    const shop = sending();
    const id = await shop.publish();
    await meeting(shop, operation, () => shop.deliver(id), after);
    const { cancelled } = await cancel(id, shop);
    expect({ cancelled, state: shop.inbox(id)?.state, left: shop.left() }).toEqual(
      outcome === 'handled'
        ? { cancelled: false, state: 'handled', left: 3 }
        : { cancelled: true, state: 'cancelled', left: 5 },
    );
  });

  test.each([
    [false, 'cancelled'],
    [true, 'handled'],
  ] as const)('the cancel runs at the delivery’s commit (after it: %s): %s', async (after, outcome) => {
    const shop = sending();
    const id = await shop.publish();
    let cancelled: boolean | undefined;
    await meeting(shop, 'TransactWriteItems', async () => ({ cancelled } = await cancel(id, shop)), after);
    expect(await shop.deliver(id)).toEqual([]);
    expect({ cancelled, state: shop.inbox(id)?.state, left: shop.left() }).toEqual(
      outcome === 'handled'
        ? { cancelled: false, state: 'handled', left: 3 }
        : { cancelled: true, state: 'cancelled', left: 5 },
    );
  });

  const trouble = fc.constantFrom('none', 'reply lost', 'conflict', 'throttled');
  const plan = fc.record({
    seed: fc.nat(),
    start: fc.array(fc.nat({ max: 400 }), { minLength: 3, maxLength: 3 }),
    trouble: fc.array(trouble, { maxLength: 6 }),
    move: fc.boolean(),
  });

  test('whatever the order of their requests and whatever goes wrong with them', { timeout: 60_000 }, async () => {
    const outcomes = new Set<string>();
    await fc.assert(
      fc.asyncProperty(plan, async ({ seed, start, trouble: troubles, move }) => {
        const shop = sending({ subscribers: [RESERVE, 'sales'] });
        const id = await shop.publish();
        const random = seededRandom(seed);
        const pause = () => shop.clock.sleep((random(1)[0] ?? 0) % 60);
        const left = [...troubles];
        const wire: Fault = async (apply, request) => {
          await pause();
          const what = request.operation === 'TransactWriteItems' ? left.pop() : 'none';
          if (what === 'conflict') return cancelledFor('TransactionConflict')(apply, request);
          if (what === 'throttled') return refusedBy('ThrottlingException')(apply, request);
          const output = apply();
          await pause();
          return what === 'reply lost' ? refusedBy('TimeoutError', 'server')(apply, request) : output;
        };
        for (const operation of ['GetItem', 'Query', 'TransactWriteItems']) shop.from(operation, wire);
        const after = async <Result>(milliseconds: number, run: () => Promise<Result>) => {
          await shop.clock.sleep(milliseconds);
          return run();
        };
        const takeBack = async () => {
          if (!move) return cancel(id, shop);
          const moved = await reschedule(id, { delay: '1h' }, shop);
          return { cancelled: moved.rescheduled, id: moved.id };
        };
        const [one, other] = await Promise.all([
          after(start[0] ?? 0, takeBack),
          after(start[1] ?? 0, () => cancel(id, shop)),
          after(start[2] ?? 0, () => shop.deliver(id)),
        ]);
        const state = shop.inbox(id)?.state;
        expect(shop.left()).toBe(state === 'handled' ? 3 : 5);
        expect(shop.inbox(id, 'sales')?.state).toBe(state === 'handled' ? undefined : 'cancelled');
        expect(shop.row(id)?.cancelled !== undefined).toBe(state === 'cancelled');
        // Once it is handled nobody takes it back; else whoever came last has taken back what was left of it.
        if (state === 'handled') expect([one.cancelled, other.cancelled]).toEqual([false, false]);
        else expect(other.cancelled).toBe(true);
        outcomes.add(`${state} ${one.cancelled} ${move && one.cancelled && shop.row(one.id)?.cancelled !== undefined}`);
      }),
      { numRuns: 300 },
    );
    // The orders were met, all of them.
    expect(outcomes.size).toBeGreaterThanOrEqual(4);
  });
});

describe('rescheduling', () => {
  test('puts a message with the same payload, key and chain in the place of the old one', async () => {
    const shop = sending();
    const id = await shop.publish();
    const old = shop.envelope(id);
    shop.clock.pass(10_000);
    const result = await reschedule(id, { delay: '2h' }, shop);
    expect(result).toEqual({ rescheduled: true, id: expect.not.stringMatching(id) });
    const now = shop.clock.now();
    const { id: newId, time, expires, deliverat, ...same } = shop.envelope(result.id);
    expect(old).toMatchObject(same);
    expect({ newId, time, deliverat }).toEqual({
      newId: result.id,
      time: new Date(now).toISOString(),
      deliverat: new Date(now + 7_200_000).toISOString(),
    });
    expect(Date.parse(expires) - Date.parse(deliverat ?? '')).toBe(Date.parse(old.expires) - Date.parse(old.time));
    expect(shop.row(id)).toMatchObject({ replacedBy: { S: result.id }, cancelled: { N: String(now) } });
    expect(shop.inbox(id)?.state).toBe('cancelled');
  });

  test('takes one read of the message, one of its routes, and one transaction', async () => {
    const shop = sending();
    const id = await shop.publish();
    const before = structuredClone(shop.environment.usage);
    await reschedule(id, { delay: '2h' }, shop);
    expect(usageSince(before, shop.environment.usage).calls).toEqual({ GetItem: 1, Query: 1, TransactWriteItems: 1 });
  });

  test('and again, and cancelling it, by whichever of its ids', async () => {
    const shop = sending();
    const first = await shop.publish();
    const second = await reschedule(first, { delay: '2h' }, shop);
    const third = await reschedule(first, { delay: '3h' }, shop);
    expect(shop.row(second.id)).toMatchObject({ replacedBy: { S: third.id } });
    expect(shop.envelope(third.id).correlationid).toBe(first);
    expect(await cancel(first, shop)).toEqual({ cancelled: true, id: third.id });
    expect(await cancel(second.id, shop)).toEqual({ cancelled: true, id: third.id });
    expect(await reschedule(first, { delay: '4h' }, shop)).toEqual({
      rescheduled: false,
      id: third.id,
      ended: { [RESERVE]: 'cancelled' },
    });
  });

  test('twice at once puts one message in its place, although nobody expects it whose inbox could tell', async () => {
    const shop = sending({ subscribers: [] });
    const id = await shop.publish();
    let other: { readonly id: string } | undefined;
    shop.next('TransactWriteItems', async (apply) => {
      other = await reschedule(id, { delay: '3h' }, shop);
      return apply();
    });
    const one = await reschedule(id, { delay: '2h' }, shop);
    // The one that came later has moved the one that came before.
    expect(shop.row(id)?.replacedBy?.S).toBe(other?.id);
    expect(shop.row(other?.id ?? '')?.replacedBy?.S).toBe(one.id);
    expect(shop.row(one.id)).not.toHaveProperty('cancelled');
  });

  test('comes too late for what has ended, and then commits nothing', async () => {
    const shop = sending();
    const id = await shop.publish();
    await shop.deliver(id);
    const rows = shop.ledger.rows().length;
    expect(await reschedule(id, { delay: '2h' }, shop)).toEqual({
      rescheduled: false,
      id,
      ended: { [RESERVE]: 'handled' },
    });
    expect(shop.ledger.rows()).toHaveLength(rows);
  });

  test('to a moment that has passed delivers it at once', async () => {
    const shop = sending();
    const id = await shop.publish();
    const { id: newId } = await reschedule(id, { deliverAt: new Date(shop.clock.now() - 1) }, shop);
    expect(shop.envelope(newId)).not.toHaveProperty('deliverat');
    expect(await shop.deliver(newId)).toEqual([]);
    expect(shop.left()).toBe(3);
  });

  test('refuses a delay that is none before anything is sent', async () => {
    const shop = sending();
    const id = await shop.publish();
    shop.calls.length = 0;
    await expect(reschedule(id, { delay: '400d' }, shop)).rejects.toMatchObject({ code: 'limit-exceeded' });
    await expect(reschedule(id, { deliverAt: new Date('soon') }, shop)).rejects.toMatchObject({
      code: 'invalid-definition',
    });
    expect(shop.calls).toEqual([]);
  });

  test('never commits a new message later than a minute after its id was minted', async () => {
    const shop = sending();
    const id = await shop.publish();
    shop.from('TransactWriteItems', refusedBy('ThrottlingException'));
    await expect(reschedule(id, { delay: '2h' }, shop)).rejects.toMatchObject({ code: 'commit-undecided' });
    expect(shop.clock.now()).toBeLessThanOrEqual(messageTime(id) + 60_000);
  });
});
