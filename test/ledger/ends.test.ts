import { expect, test } from 'vitest';
import { toItem } from '../../lib/aws/attribute.ts';
import { endsLately, isCommitted } from '../../lib/ledger/ends.ts';
import { ledgerOf } from '../../lib/ledger/ledger.ts';
import { inboxKey } from '../../lib/ledger/rows/inbox.ts';
import { outboxKey } from '../../lib/ledger/rows/outbox.ts';
import { mintMessageId } from '../../lib/message/message-id.ts';
import { MemoryStack } from '../../lib/testing/stack/memory-stack.ts';
import { VirtualClock } from '../../lib/testing/virtual-clock.ts';

const NOW = Date.parse('2026-11-23T08:14:30Z');
/** More than one read takes of a partition. */
const MANY = 60;

/** A ledger of one shard, in which messages were committed at moments of one minute. */
function world() {
  const stack = new MemoryStack({ shards: 1, clock: new VirtualClock({ now: NOW }) });
  const environment = stack.environment();
  const write = (row: { readonly pk: string; readonly sk: string }) => {
    const item = toItem(row);
    stack.ledger.write(stack.ledger.keyOf(item), item);
  };
  const idAt = (now: number) => mintMessageId({ now, random: environment.random(16), key: 'order-1', shards: 1 });
  return { ledger: ledgerOf(environment), write, idAt };
}

test('whether something was committed is told by the newest, however much was committed before', async () => {
  const { ledger, write, idAt } = world();
  const types = new Set(['order.placed']);
  for (let count = 0; count < MANY; count++)
    write({ ...outboxKey(idAt(NOW - 20_000 + count)), type: 'order.placed' } as never);
  const since = { from: NOW - 10_000, to: NOW };
  expect(await isCommitted(ledger, types, since)).toBe(false);
  write({ ...outboxKey(idAt(NOW - 1_000)), type: 'order.placed' } as never);
  expect(await isCommitted(ledger, types, since)).toBe(true);
  expect(await isCommitted(ledger, new Set(['order.changed']), since)).toBe(false);
});

test('what has ended lately is told by the newest, however much has ended before', async () => {
  const { ledger, write, idAt } = world();
  const end = (at: number) =>
    write({ ...inboxKey('payment', idAt(at)), hops: { relayed: at, received: at, ended: at + 5 } } as never);
  expect(await endsLately(ledger, 'payment', NOW)).toBeUndefined();
  for (let count = 0; count < MANY; count++) end(NOW - 20_000 + count);
  end(NOW - 1_000);
  expect(await endsLately(ledger, 'payment', NOW)).toEqual({ newest: NOW - 995, longest: 5, slowest: 5 });
});
