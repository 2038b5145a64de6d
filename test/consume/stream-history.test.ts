import { PutRecordCommand } from '@aws-sdk/client-kinesis';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { toItem } from '../../lib/aws/attribute.ts';
import { cancel } from '../../lib/cancel/cancel.ts';
import { consume } from '../../lib/consume/consume.ts';
import { defineEvent } from '../../lib/contract/event.ts';
import { defineSubscriber } from '../../lib/contract/subscriber.ts';
import { defineTable } from '../../lib/contract/table.ts';
import { type RouteRow, routeKey } from '../../lib/ledger/rows/route.ts';
import { encodeEnvelope } from '../../lib/message/envelope.ts';
import { MemoryStack, type StackRequest } from '../../lib/public/testing.ts';
import { publish } from '../../lib/publish/publish.ts';
import { claimRoute } from '../../lib/relay/route-claim.ts';

const Sold = defineEvent('goods.sold', {
  schema: z.object({ sku: z.string() }),
  key: ({ sku }) => sku,
  businessLine: 'goods',
});
const Stock = defineTable('stock', {
  item: z.object({ sku: z.string(), count: z.number() }),
  partitionKey: 'sku',
});
const Count = defineSubscriber('count', { consumes: [Sold], tables: [Stock] });
const Late = defineSubscriber('late', { consumes: [Sold], tables: [Stock] });

const FAR = { sku: 'far', count: 5 };

/** Two readers of one stream, of which `late` has no route at first. */
function shop({ wire }: { readonly wire?: (request: StackRequest, apply: () => object) => Promise<object> } = {}) {
  const requests: StackRequest[] = [];
  const stack = new MemoryStack({
    subscribers: [Count, Late],
    streams: { sales: [Count, Late] },
    handlers: {
      count: consume(Count, () => undefined),
      late: consume(Late, (_, { tx }) => tx.update(Stock, { sku: 'far' }, { add: { count: -1 } })),
    },
    wire: async (request, apply) => {
      requests.push(request);
      return wire ? wire(request, apply) : apply();
    },
  });
  stack.row(Stock, FAR);
  const { ledger } = stack;
  const key = toItem(routeKey(Sold.type, 'late'));
  const first = unmarshall(ledger.get(key as never) ?? {}) as RouteRow;
  ledger.write(key as never, undefined);
  const rows = () => ledger.rows() as { readonly pk: string; readonly sk: string; readonly [name: string]: unknown }[];
  return {
    ...{ stack, rows },
    sell: () => publish(Sold, { sku: 'far' }, { environment: stack.environment() }),
    left: () => stack.read(Stock, { sku: 'far' })?.count,
    /** As CloudFormation has the registrar write it when the subscriber is deployed beside the other one. */
    register: () => {
      const { destination, deadline, businessLine } = first;
      const claim = {
        destination,
        deadline,
        businessLine,
        type: Sold.type,
        subscriber: 'late',
        owner: 'o',
        request: 'r',
      };
      const others = rows().filter(({ pk }) => pk === 'route#goods.sold') as unknown as RouteRow[];
      ledger.write(
        key as never,
        toItem({ ...routeKey(Sold.type, 'late'), ...claimRoute(others, claim, stack.now + 1_000) }),
      );
    },
    /** As the registrar does when it is deleted. */
    end: () => {
      const row = unmarshall(ledger.get(key as never) ?? {}) as RouteRow;
      ledger.write(key as never, toItem({ ...row, until: stack.now }));
    },
    endsAt: (name: string) => rows().flatMap(({ pk, sk }) => (pk.startsWith(`in#${name}#`) ? [sk] : [])),
    readsOf: (name: string) =>
      requests.filter(({ from, operation, input }) => {
        const { Key } = input as { readonly Key?: { readonly pk?: { readonly S?: string } } };
        return from === name && operation === 'GetItem' && Key?.pk?.S?.startsWith('route#');
      }).length,
  };
}

test('a new reader of a stream takes nothing of what was sent before it came, nor of what was cancelled then', async () => {
  const { stack, sell, left, register, endsAt, readsOf } = shop();
  await sell();
  await stack.settle('relay', 'count');
  const { id } = await sell();
  await stack.settle('relay');
  expect(await cancel(id, { environment: stack.environment() })).toMatchObject({ cancelled: true });
  register();
  await stack.advance('2s');
  expect(left()).toBe(5);
  expect(endsAt('late')).toEqual([]);
  expect(stack.queues.get('late')?.messages()).toEqual([]);

  const read = readsOf('late');
  const sold = [await sell(), await sell()].map((one) => one.id);
  await stack.settle();
  await sell();
  await stack.settle();
  expect(left()).toBe(2);
  expect(endsAt('late')).toEqual(expect.arrayContaining(sold));
  // Its route is read once a minute, whatever comes.
  expect(readsOf('late')).toBe(read);
  await stack.advance('2m');
  await sell();
  await stack.settle();
  expect([left(), readsOf('late')]).toEqual([1, read + 1]);
});

test('what is read before its route is there waits, and a row says so; then the route decides', async () => {
  const { stack, sell, left, register, rows } = shop();
  const { id } = await sell();
  await stack.settle();
  expect(left()).toBe(5);
  const waits = rows().find(({ pk, sk }) => pk.startsWith('fail#late#') && sk === id);
  expect(waits).toMatchObject({ attempts: 0, next: expect.any(Number) });
  expect(stack.queues.get('late')?.messages()).toHaveLength(1);
  register();
  await stack.advance('2s');
  const after = await sell();
  await stack.advance('5m');
  expect(left()).toBe(4);
  expect(
    rows()
      .filter(({ pk }) => pk.startsWith('in#late#'))
      .map(({ sk }) => sk),
  ).toEqual([after.id]);
  expect(stack.queues.get('late')?.messages()).toEqual([]);
});

test('a route that cannot be read loses nothing, and is no attempt', async () => {
  let refuses = true;
  const { stack, sell, left, register } = shop({
    wire: async ({ from, operation, input }, apply) => {
      const isRoute = operation === 'GetItem' && JSON.stringify(input).includes('route#');
      if (refuses && from === 'late' && isRoute) {
        throw Object.assign(new Error('not allowed'), {
          name: 'AccessDeniedException',
          $metadata: { httpStatusCode: 400 },
        });
      }
      return apply();
    },
  });
  register();
  await stack.advance('2s');
  await sell();
  await stack.advance('90m');
  expect([left(), await stack.deadLetters('late')]).toEqual([5, []]);
  refuses = false;
  await stack.advance('20m');
  expect(left()).toBe(4);
});

test('a reader that was removed a moment ago takes nothing that is cancelled', async () => {
  const { stack, sell, left, register, end } = shop();
  register();
  await stack.advance('2s');
  await sell();
  await stack.settle();
  end();
  const { id } = await sell();
  await stack.settle('relay');
  expect(await cancel(id, { environment: stack.environment() })).toMatchObject({ cancelled: true });
  await stack.settle();
  expect(left()).toBe(4);
});

test('what comes of a type that its code does not know yet waits where there is a route for it, and is let go where there is none', async () => {
  const Returned = defineEvent('goods.returned', {
    schema: z.object({ sku: z.string() }),
    key: ({ sku }) => sku,
    businessLine: 'goods',
  });
  const routeReads = new Map<string, number>();
  const Learned = defineSubscriber('count', { consumes: [Sold, Returned], tables: [Stock] });
  // The deploy has come as far as the route.
  const stack = new MemoryStack({
    subscribers: [Learned, Late],
    streams: { sales: [Learned, Late] },
    handlers: { count: consume(Count, () => undefined), late: consume(Late, () => undefined) },
    wire: async ({ from, operation, input }, apply) => {
      if (operation === 'GetItem' && JSON.stringify(input).includes(`route#${Returned.type}`))
        routeReads.set(from, (routeReads.get(from) ?? 0) + 1);
      return apply();
    },
  });
  const giveBack = () => publish(Returned, { sku: 'far' }, { environment: stack.environment() });
  const { id } = await giveBack();
  await stack.settle();
  await giveBack();
  await stack.settle();

  const rows = stack.ledger.rows() as { readonly pk: string; readonly sk: string; readonly [name: string]: unknown }[];
  const waits = rows.find(({ pk, sk }) => pk.startsWith('fail#count#') && sk === id);
  expect(waits).toMatchObject({ attempts: 0, reason: 'unknown-event-type', next: expect.any(Number) });
  expect(stack.queues.get('count')?.messages()).toHaveLength(2);
  expect(stack.queues.get('late')?.messages()).toEqual([]);
  // A route says nothing of the messages of another ledger.
  const foreign = { ...stack.outbox.envelope(Returned, { sku: 'far' }), ledger: 'another' };
  const kinesis = await stack.environment().kinesis();
  const Data = Buffer.from(encodeEnvelope(foreign));
  await kinesis.send(new PutRecordCommand({ StreamName: 'sales', PartitionKey: 'far', Data }));
  await stack.settle();
  expect(stack.queues.get('count')?.messages()).toHaveLength(2);
  // Of others' types as of its own: once a minute.
  expect([...routeReads]).toEqual([
    ['count', 1],
    ['late', 1],
  ]);
});
