import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineEvent } from '../../lib/contract/event.ts';
import { defineSubscriber } from '../../lib/contract/subscriber.ts';
import { ledgerOf } from '../../lib/ledger/ledger.ts';
import { SHARDS_A_RUN } from '../../lib/ledger/rows/shards.ts';
import { messageShard } from '../../lib/message/message-id.ts';
import { consume, publish } from '../../lib/public/runtime.ts';
import { MemoryStack } from '../../lib/public/testing.ts';
import { readRadar } from '../../lib/reconcile/radar-rows.ts';
import { groupsOf } from '../../lib/reconcile/shard-groups.ts';
import type { StackWire } from '../../lib/testing/stack/options.ts';

const OrderPlaced = defineEvent('order.placed', {
  schema: z.object({ orderId: z.string() }),
  key: ({ orderId }) => orderId,
  businessLine: 'orders',
});
const Pay = defineSubscriber('pay', { consumes: [OrderPlaced] });

const SHARDS = 8;
const SHARDS_A_SHARE = 2;
const MESSAGES = 40;

/** A ledger whose reconciliation is shared out, or is not. */
function shop({ shardsARun, wire }: { readonly shardsARun?: number; readonly wire?: StackWire } = {}) {
  const stack = new MemoryStack({
    subscribers: [Pay],
    handlers: { pay: consume(Pay, async () => undefined) },
    shards: SHARDS,
    ...(shardsARun && { shardsARun }),
    ...(wire && { wire }),
  });
  const environment = stack.environment();
  const publishAll = async () => {
    const ids: string[] = [];
    for (let order = 0; order < MESSAGES; order++) {
      ids.push((await publish(OrderPlaced, { orderId: `o${order}` }, { environment })).id);
    }
    return ids;
  };
  const radar = async () => {
    const range = { from: stack.now - 3_600_000, to: stack.now };
    const rows = (await readRadar(ledgerOf(environment), ['orders'], range)).get('orders') ?? [];
    return rows.map(({ asOf: _, ...counts }) => counts);
  };
  const cursors = () =>
    stack.ledger
      .items()
      .flatMap(({ pk, sk }) => (pk?.S === 'reconcile' ? [sk?.S ?? ''] : []))
      .sort();
  return { stack, publishAll, radar, cursors };
}

/** Loses whatever is first sent to the subscriber: SQS has taken it. */
function losing(): StackWire {
  return async (request, apply) => {
    if (request.from !== 'relay' || request.operation !== 'SendMessageBatch') return apply();
    const { Entries = [] } = request.input as { readonly Entries?: readonly { readonly Id: string }[] };
    return { Successful: Entries.map(({ Id }) => ({ Id })), Failed: [] };
  };
}

describe('reconciliation that is shared out', () => {
  test('finds and heals what is lost in every shard, and counts as one run does', async () => {
    const shared = shop({ shardsARun: SHARDS_A_SHARE, wire: losing() });
    const alone = shop({ wire: losing() });
    for (const { stack, publishAll } of [shared, alone]) {
      await stack.advance('2m');
      const ids = await publishAll();
      expect(new Set(ids.map(messageShard)).size).toBe(SHARDS);
      await stack.advance('20m');
    }

    expect(await shared.radar()).toEqual(await alone.radar());
    const [counted] = await shared.radar();
    expect(counted).toMatchObject({ committed: MESSAGES, handled: MESSAGES, missing: 0 });
  });

  test('has cursors for each group of shards', async () => {
    const { stack, cursors } = shop({ shardsARun: SHARDS_A_SHARE });
    await stack.advance('2m');

    const groups = ['', '#1', '#2', '#3'];
    const passes = ['day', 'due', 'moments', 'settled'].flatMap((pass) => groups.map((group) => `${pass}${group}`));
    expect(cursors()).toEqual([...passes, 'half', 'half-day'].sort());
  });

  test('asks for each group but the first once a minute, and takes each request up once', async () => {
    const requests: string[] = [];
    const wire: StackWire = async (request, apply) => {
      if (request.from === 'reconciler' && request.operation === 'SendMessageBatch') {
        const { Entries } = request.input as { readonly Entries: readonly { readonly MessageBody: string }[] };
        requests.push(...Entries.map(({ MessageBody }) => MessageBody));
      }
      return apply();
    };
    const { stack } = shop({ shardsARun: SHARDS_A_SHARE, wire });
    await stack.advance('3m');

    const each = [1, 2, 3].map((group) => JSON.stringify({ compare: { group } }));
    expect(requests).toEqual([...each, ...each, ...each]);
    expect(stack.queues.get('reconciler')?.messages()).toEqual([]);
  });

  test('is done by one run where the queue takes nothing', async () => {
    const wire: StackWire = async (request, apply) => {
      const isRequest = request.from === 'reconciler' && request.operation === 'SendMessageBatch';
      if (isRequest) throw Object.assign(new Error('no such queue'), { name: 'QueueDoesNotExist' });
      return apply();
    };
    const { stack, publishAll, radar } = shop({ shardsARun: SHARDS_A_SHARE, wire });
    await stack.advance('2m');
    await publishAll();
    await stack.advance('5m');

    expect(await radar()).toMatchObject([{ committed: MESSAGES, handled: MESSAGES }]);
  });

  test('goes on without a request that is none, or asks for a group that is not there', async () => {
    const { stack, cursors } = shop({ shardsARun: SHARDS_A_SHARE });
    const bodies = [
      '',
      'no JSON',
      '{}',
      '{"compare":{"group":9}}',
      '{"compare":{"group":"1"}}',
      '{"compare":{"group":2}}',
    ];
    await stack.invoke('reconciler', { Records: bodies.map((body) => ({ body })) });

    expect(cursors()).toEqual(['day#2', 'due#2', 'moments#2', 'settled#2']);
  });
});

test('a ledger of few shards has one group, and sends nothing', async () => {
  const operations = new Set<string>();
  const { stack, cursors } = shop({
    wire: async (request, apply) => {
      if (request.from === 'reconciler') operations.add(request.operation);
      return apply();
    },
  });
  await stack.advance('3m');

  expect([...operations].filter((operation) => operation.startsWith('Send'))).toEqual([]);
  expect(cursors().filter((cursor) => cursor.includes('#'))).toEqual([]);
});

test('a group keeps its shards when the ledger has more', () => {
  const [few, more] = [groupsOf(96), groupsOf(2_048)];

  expect(groupsOf(16)).toEqual([{ index: 0, shards: Array.from({ length: 16 }, (_, shard) => shard) }]);
  expect(more).toHaveLength(2_048 / SHARDS_A_RUN);
  expect(more[0]).toEqual(few[0]);
  expect(more[1]?.shards.slice(0, 32)).toEqual(few[1]?.shards);
  expect(more.flatMap(({ shards }) => shards)).toEqual(Array.from({ length: 2_048 }, (_, shard) => shard));
});
