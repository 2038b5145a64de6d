import { marshall } from '@aws-sdk/util-dynamodb';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RouteBook } from '../../lib/ledger/route-book.ts';
import { type Route, routeKey } from '../../lib/ledger/rows/route.ts';
import { mintMessageId } from '../../lib/message/message-id.ts';
import { FAKE_NOW, fakeEnvironment } from '../aws/fake-environment.ts';

const route = (subscriber: string, since: number, rest: Partial<Route> = {}): Route => ({
  type: 'order.placed',
  subscriber,
  since,
  destination: { kind: 'queue', url: `https://sqs/${subscriber}` },
  deadline: 60_000,
  businessLine: 'orders',
  ...rest,
});

const item = (row: Route) => marshall({ ...routeKey(row.type, row.subscriber), ...row });

let minted = 0;
const idAt = (now: number) => {
  const random = new Uint8Array(16).fill(++minted % 256);
  return mintMessageId({ now, random, key: 'order-1', shards: 16 });
};

const names = (routes: readonly Route[][]) => routes.map((some) => some.map(({ subscriber }) => subscriber));

describe('the route book', () => {
  it('reads a type once and consistently, and again for an id that is newer than its copy', async () => {
    const environment = fakeEnvironment({ answers: { Query: () => ({ Items: [item(route('payment', 0))] }) } });
    const book = new RouteBook({ environment, table: 'ledger', shards: 16 });
    const old = { id: idAt(FAKE_NOW - 1), type: 'order.placed' };
    const queries = () => environment.inputs('Query');

    expect(names(await book.routesOf([old, old]))).toEqual([['payment'], ['payment']]);
    await book.routesOf([old]);
    expect(queries()).toHaveLength(1);
    expect(queries()[0]).toMatchObject({ TableName: 'ledger', ConsistentRead: true, ReturnConsumedCapacity: 'TOTAL' });

    // An id of the very millisecond in which the copy was read is newer than it, for all that is known.
    await book.routesOf([old, { id: idAt(FAKE_NOW), type: 'order.placed' }]);
    expect(queries()).toHaveLength(2);

    environment.advance(5_000);
    await book.routesOf([{ id: idAt(FAKE_NOW + 4_000), type: 'order.placed' }, old]);
    expect(queries()).toHaveLength(3);
    await book.routesOf([{ id: idAt(FAKE_NOW + 4_000), type: 'order.placed' }, old]);
    expect(queries()).toHaveLength(3);
  });

  it('knows its routes to the end, though somebody else has it forget them meanwhile', async () => {
    const environment = fakeEnvironment({ answers: { Query: () => ({ Items: [item(route('payment', 0))] }) } });
    const book = new RouteBook({ environment, table: 'ledger', shards: 16 });
    const old = { id: idAt(FAKE_NOW - 1), type: 'order.placed' };
    await book.routesOf([old]);

    const known = book.routesOf([old]);
    book.forget();
    expect(names(await known)).toEqual([['payment']]);

    book.forget();
    const asked = book.routesOf([{ id: idAt(FAKE_NOW), type: 'order.placed' }]);
    for (let turn = 0; turn < 20; turn++) {
      book.forget();
      await Promise.resolve();
    }
    expect(names(await asked)).toEqual([['payment']]);
  });

  it('asks again while an event type has no route at all', async () => {
    const rows: Route[] = [];
    const environment = fakeEnvironment({ answers: { Query: () => ({ Items: rows.map(item) }) } });
    const book = new RouteBook({ environment, table: 'ledger', shards: 16 });
    const old = { id: idAt(FAKE_NOW - 60_000), type: 'order.placed' };
    expect(names(await book.routesOf([old]))).toEqual([[]]);
    rows.push(route('payment', 0));
    expect(names(await book.routesOf([old]))).toEqual([['payment']]);
  });

  it('reads all pages of a type', async () => {
    const environment = fakeEnvironment({
      answers: {
        Query: ({ ExclusiveStartKey }) =>
          ExclusiveStartKey
            ? { Items: [item(route('stock', 0))] }
            : { Items: [item(route('payment', 0))], LastEvaluatedKey: { pk: { S: 'x' } } },
      },
    });
    const book = new RouteBook({ environment, table: 'ledger', shards: 16 });
    expect(names(await book.routesOf([{ id: idAt(FAKE_NOW), type: 'order.placed' }]))).toEqual([['payment', 'stock']]);
  });

  it('routes every message as the ledger says in the end, whenever a route was written and however clocks differ', async () => {
    const timeline = fc.record({
      lead: fc.integer({ min: 1_000, max: 3_000 }),
      skew: fc.integer({ min: -999, max: 999 }),
      written: fc.integer({ min: 0, max: 10_000 }),
      // When each message was minted, how much later it is relayed.
      messages: fc.array(fc.tuple(fc.nat(20_000), fc.nat(8_000)), { minLength: 1, maxLength: 30 }),
    });
    await fc.assert(
      fc.asyncProperty(timeline, async ({ lead, skew, written, messages }) => {
        const added = route('statistics', FAKE_NOW + written + lead);
        const environment = fakeEnvironment({
          now: FAKE_NOW + skew,
          answers: {
            Query: () => {
              const isWritten = environment.now() - skew >= FAKE_NOW + written;
              return { Items: [route('payment', 0), ...(isWritten ? [added] : [])].map(item) };
            },
          },
        });
        const book = new RouteBook({ environment, table: 'ledger', shards: 16 });
        const inOrder = messages
          .map(([at, later]) => ({ at, relayed: at + later }))
          .sort((a, b) => a.relayed - b.relayed);
        for (const { at, relayed } of inOrder) {
          environment.advance(Math.max(0, FAKE_NOW + skew + relayed - environment.now()));
          const [routes] = await book.routesOf([{ id: idAt(FAKE_NOW + at), type: 'order.placed' }]);
          expect(routes?.map(({ subscriber }) => subscriber)).toEqual(
            FAKE_NOW + at >= added.since ? ['payment', 'statistics'] : ['payment'],
          );
        }
      }),
    );
  });
});
