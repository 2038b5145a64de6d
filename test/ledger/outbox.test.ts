import { expect, test } from 'vitest';
import { z } from 'zod';
import type { Counts } from '../../lib/aws/invocation.ts';
import { defineEvent } from '../../lib/contract/event.ts';
import { ledgerOf } from '../../lib/ledger/ledger.ts';
import { readOutbox, readOutboxRow } from '../../lib/ledger/outbox.ts';
import { NEWEST_FORMAT } from '../../lib/ledger/rows/format.ts';
import type { OutboxRow } from '../../lib/ledger/rows/outbox.ts';
import { MemoryStack } from '../../lib/testing/stack/memory-stack.ts';

const OrderPlaced = defineEvent('order.placed', {
  schema: z.object({ orderId: z.string() }),
  key: (order) => order.orderId,
  businessLine: 'orders',
});

/** What is read of a committed row after a change, what is logged of it, and what is counted. */
async function readAs(change: Partial<Record<keyof OutboxRow, unknown>>) {
  const stack = new MemoryStack();
  const environment = stack.environment();
  const ledger = ledgerOf(environment);
  const envelope = stack.outbox.envelope(OrderPlaced, { orderId: 'order-1' });
  stack.outbox.write(envelope);
  const row = { ...((await readOutbox(ledger, envelope.id)) as OutboxRow), ...change } as OutboxRow;
  const counted: Record<string, number> = {};
  const counts: Counts = {
    add(name, by = 1) {
      counted[name] = (counted[name] ?? 0) + by;
    },
  };
  const content = readOutboxRow(ledger, row, counts);
  return { envelope, row, content, counted, logged: environment.lines };
}

test('a row that holds a message is read, and nothing is said', async () => {
  const { envelope, content, counted, logged } = await readAs({});
  expect(content).toEqual({ kind: 'message', envelope });
  expect([counted, logged]).toEqual([{}, []]);
});

test('a row of a newer format is left for later, and named with its format', async () => {
  const format = NEWEST_FORMAT + 1;
  const { row, content, counted, logged } = await readAs({ format });
  expect(content).toEqual({ kind: 'later', id: row.sk });
  expect(counted).toEqual({ newerFormat: 1 });
  const fields = { pk: row.pk, sk: row.sk, format };
  expect(logged).toEqual([{ level: 'warn', message: 'newer row format', fields }]);
});

test.each([
  ['of another message', { sk: '019b76da-a805-76f6-830a-8f1756e016b8' }, 'the envelope has another id than its row'],
  ['of no message', { envelope: '[]' }, 'malformed-message'],
])('a row %s is corrupt, and named with the reason and without what is in it', async (_of, change, reason) => {
  const { row, content, counted, logged } = await readAs(change);
  expect(content).toEqual({ kind: 'corrupt' });
  expect(counted).toEqual({ corrupt: 1 });
  const fields = { pk: row.pk, sk: row.sk, reason };
  expect(logged).toEqual([{ level: 'error', message: 'corrupt outbox row', fields }]);
});
