import { describe, expect, it, test } from 'vitest';
import { z } from 'zod';
import { toItem } from '../../lib/aws/attribute.ts';
import { bindingsOf } from '../../lib/aws/bindings.ts';
import { BINDINGS } from '../../lib/contract/bindings.ts';
import { defineEvent } from '../../lib/contract/event.ts';
import { defineTable } from '../../lib/contract/table.ts';
import { learnFormat, readersOf, turnFormat } from '../../lib/ledger/format.ts';
import { ledgerOf } from '../../lib/ledger/ledger.ts';
import { FORMAT_KEY, FORMATS } from '../../lib/ledger/rows/format.ts';
import { eventTypeKey, routeKey } from '../../lib/ledger/rows/route.ts';
import { publish } from '../../lib/publish/publish.ts';
import { send } from '../../lib/publish/send.ts';
import { MemoryStack } from '../../lib/testing/stack/memory-stack.ts';
import { commit } from '../../lib/transaction/commit.ts';
import { PendingTransaction } from '../../lib/transaction/pending-transaction.ts';

const OrderPlaced = defineEvent('order.placed', {
  schema: z.looseObject({ orderId: z.string() }),
  key: (order) => order.orderId,
  businessLine: 'orders',
});
const Orders = defineTable('orders', { item: z.object({ orderId: z.string() }), partitionKey: 'orderId' });

/** A ledger whose format row says this, and a producer of it that has just started. */
function openTill(format?: number) {
  const stack = new MemoryStack({ ledger: 'ledger' });
  const turn = (to: number) =>
    stack.ledger.write(toItem(FORMAT_KEY), toItem({ ...FORMAT_KEY, format: to, since: stack.now }));
  if (format !== undefined) turn(format);
  const environment = stack.environment({ variables: { [BINDINGS.formats]: 'ledger', [BINDINGS.producer]: 'till' } });
  const formats = () => stack.outbox.rows().map((row) => row.format ?? 1);
  return { stack, environment, turn, formats, learn: () => learnFormat(ledgerOf(environment)) };
}

describe('a producer', () => {
  it('writes the first format until it knows better, and waits for nothing', async () => {
    const { environment, formats } = openTill(FORMATS.packed);
    await publish(OrderPlaced, { orderId: '1' }, { environment });
    await publish(OrderPlaced, { orderId: '2' }, { environment });
    expect(formats().sort()).toEqual([FORMATS.plain, FORMATS.packed]);
    expect(environment.usage.calls).toEqual({ GetItem: 1, PutItem: 2 });
  });

  it('asks once in five minutes, however much it publishes', async () => {
    const { stack, environment } = openTill(FORMATS.packed);
    for (let minute = 0; minute < 60; minute++) {
      for (let order = 0; order < 10; order++) {
        await publish(OrderPlaced, { orderId: `${minute}-${order}` }, { environment });
      }
      await stack.advance('1m');
    }
    expect(environment.usage.calls).toEqual({ GetItem: 12, PutItem: 600 });
    expect(environment.usage.readUnits).toBe(6);
  });

  it('writes no row in a format that was turned off ten minutes ago, whatever it slept through', async () => {
    const { stack, environment, turn, formats, learn } = openTill(FORMATS.compressed);
    await learn();
    turn(FORMATS.plain);
    await stack.advance('10m');
    await publish(OrderPlaced, { orderId: '1' }, { environment });
    expect(formats()).toEqual([FORMATS.plain]);
  });

  it('writes the first format where it may not read the row, and asks again but once a minute', async () => {
    const { stack, environment, formats } = openTill(FORMATS.packed);
    const denied = { send: async (command: never) => refuseReads(environment.dynamodb, command) };
    const poor = { ...environment, dynamodb: denied as typeof environment.dynamodb };
    for (let second = 0; second < 120; second++) {
      await publish(OrderPlaced, { orderId: `${second}` }, { environment: poor });
      await stack.advance('1s');
    }
    expect(new Set(formats())).toEqual(new Set([FORMATS.plain]));
    expect(environment.lines.filter(({ message }) => message === 'format not read')).toHaveLength(2);
  });

  it('writes the newest format that it knows, where the row says a newer one', async () => {
    const { environment, formats, learn } = openTill(99);
    await learn();
    await publish(OrderPlaced, { orderId: '1' }, { environment });
    expect(formats()).toEqual([FORMATS.compressed]);
  });

  it('asks nobody where no construct has let it', async () => {
    const { stack } = openTill(FORMATS.packed);
    const environment = stack.environment();
    await publish(OrderPlaced, { orderId: '1' }, { environment });
    expect(environment.usage.calls).toEqual({ PutItem: 1 });
  });
});

/** A purchase as a shop keeps it, of so many lines. */
function purchase(lines: number, orderId = '00111-004') {
  const sold = Array.from({ length: lines }, (_, line) => ({
    sku: `CD-${(line * 7_919) % 100_000}`,
    title: `Disc ${(line * 104_729) % 9_973}`,
    quantity: 1 + (line % 3),
    amount_usd: ((line * 1_299_709) % 9_000) / 100,
  }));
  return { orderId, customer_id: orderId.slice(0, 5), date: '1997-04-16', lines: sold };
}

function padded(bytes: number) {
  const empty = { orderId: '00111-004', note: '' };
  return { ...empty, note: 'x'.repeat(bytes - JSON.stringify(empty).length) };
}

/** The write units of a message that a handler commits with one business row, in the third generation of its chain. */
async function unitsOf(format: number, payload: { orderId: string }): Promise<number> {
  const { stack, environment, learn } = openTill(format);
  await learn();
  const first = stack.outbox.envelope(OrderPlaced, { orderId: '1' });
  const cause = stack.outbox.envelope(OrderPlaced, { orderId: '1' }, { cause: first });
  const tx = new PendingTransaction({ environment, bindings: bindingsOf(environment), owner: 'take-payment', cause });
  tx.put(Orders, { orderId: '1' });
  tx.publish(OrderPlaced, payload);
  expect(await commit(environment, tx.actions, tx.commitBy())).toEqual({ kind: 'committed' });
  // The business row costs two.
  return environment.usage.writeUnits - 2;
}

describe('a payload costs one transactional pair of units', () => {
  /** The greatest payload that does. */
  async function mostOf(format: number): Promise<number> {
    let [least, most] = [1, 1_024];
    while (most - least > 1) {
      const bytes = Math.floor((least + most) / 2);
      if (bytes > 40 && (await unitsOf(format, padded(bytes))) > 2) most = bytes;
      else least = bytes;
    }
    return least;
  }

  it('up to 800 bytes and more, where rows are packed', async () => {
    const [plain, packed] = [await mostOf(FORMATS.plain), await mostOf(FORMATS.packed)];
    expect(plain).toBeLessThan(430);
    expect(packed).toBeGreaterThanOrEqual(800);
  });

  it('from 2.5 KB of typical JSON on, where it is compressed', async () => {
    const typical = purchase(38);
    expect(JSON.stringify(typical).length).toBeGreaterThanOrEqual(2_560);
    const units = [];
    for (const format of Object.values(FORMATS)) units.push(await unitsOf(format, typical));
    expect(units).toEqual([8, 6, 2]);
  });

  it('and a compressed one never more than it would else', async () => {
    for (let lines = 1; lines < 400; lines += 37) {
      const sizes = [
        await unitsOf(FORMATS.packed, purchase(lines)),
        await unitsOf(FORMATS.compressed, purchase(lines)),
      ];
      expect(sizes[1]).toBeLessThanOrEqual(sizes[0] as number);
    }
  });
});

it('what a handshake has compressed in its row goes so on its way', async () => {
  const { stack, environment, learn } = openTill(FORMATS.compressed);
  await learn();
  const { state } = await send(OrderPlaced, purchase(100), { environment });
  expect(state).toBe('sent');
  const [message] = stack.queues.get('forwarder')?.messages() ?? [];
  const body = JSON.parse(message?.body ?? '') as Record<string, unknown>;
  expect(body).toMatchObject({ contentencoding: 'gzip', data_base64: expect.any(String) });
  expect(body).not.toHaveProperty('data');
});

function refuseReads<Client extends { send(command: never): Promise<unknown> }>(client: Client, command: object) {
  if (command.constructor.name !== 'GetItemCommand') return client.send(command as never);
  throw Object.assign(new Error('no'), { name: 'AccessDeniedException' });
}

test('a subscriber reads what all of its routes that are there read, and a route that does not say so the first format', async () => {
  const { stack, environment } = openTill();
  const ledger = ledgerOf(environment);
  const routes = [
    { type: 'order.placed', subscriber: 'stock', reads: 3 },
    { type: 'order.changed', subscriber: 'stock', reads: 2 },
    { type: 'parcel.sent', subscriber: 'stock', reads: 3 },
    { type: 'order.placed', subscriber: 'payment' },
    { type: 'order.changed', subscriber: 'payment', reads: 3 },
    { type: 'parcel.sent', subscriber: 'removed', reads: 1, until: 5 },
    { type: 'order.placed', subscriber: 'returned', reads: 1, until: 5 },
    { type: 'parcel.sent', subscriber: 'returned', reads: 3 },
  ];
  for (const { type, subscriber, ...route } of routes) {
    stack.ledger.write(toItem(eventTypeKey(type)), toItem(eventTypeKey(type)));
    const key = routeKey(type, subscriber);
    stack.ledger.write(toItem(key), toItem({ ...key, type, subscriber, ...route }));
  }
  const readers = [
    { subscriber: 'payment', reads: 1 },
    { subscriber: 'returned', reads: 3 },
    { subscriber: 'stock', reads: 2 },
  ];
  const bySubscriber = (one: { subscriber: string }, other: { subscriber: string }) =>
    one.subscriber < other.subscriber ? -1 : 1;
  expect((await readersOf(ledger)).sort(bySubscriber)).toEqual(readers);
  const behind = async (format: number) => (await turnFormat(ledger, format)).toSorted(bySubscriber);
  expect(await behind(3)).toEqual([readers[0], readers[2]]);
  expect(await behind(2)).toEqual([readers[0]]);
  expect(await behind(1)).toEqual([]);
});
