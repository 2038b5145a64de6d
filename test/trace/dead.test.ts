import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { reconciliationTable } from '../../lib/cli/reconciliation-table.ts';
import { traceTree } from '../../lib/cli/trace-tree.ts';
import { consume } from '../../lib/consume/consume.ts';
import { Rejected } from '../../lib/contract/errors.ts';
import { defineEvent } from '../../lib/contract/event.ts';
import { defineSubscriber } from '../../lib/contract/subscriber.ts';
import { reconcile, trace } from '../../lib/public/operations.ts';
import { MemoryStack } from '../../lib/public/testing.ts';
import { publish } from '../../lib/publish/publish.ts';

const Paid = defineEvent('order.paid', {
  schema: z.object({ orderId: z.string(), card: z.string() }),
  key: ({ orderId }) => orderId,
  businessLine: 'orders',
});
const Ship = defineSubscriber('ship', { consumes: [Paid], retry: { attempts: 2 } });

const HOUR = 3_600_000;

function parcelOf(order: object): string {
  return (order as { parcel: { id: string } }).parcel.id;
}

function refuse(): never {
  throw new Rejected('no such\nstreet');
}

/** How a message died at its subscriber: what is told of it, and the texts in which it is. */
async function death(ship: (order: object) => unknown) {
  const handler = consume(Ship, (order) => void ship(order));
  const stack = new MemoryStack({ subscribers: [Ship], handlers: { ship: handler } });
  const environment = stack.environment();
  const { id } = await publish(Paid, { orderId: '1', card: '4711' }, { environment });
  await stack.advance('2m');
  const where = { ledger: stack.ledger.name, shards: 16 };
  const [traced, reconciled] = [
    await trace(environment, where, id),
    await reconcile(environment, { ...where, from: stack.now - HOUR }),
  ];
  return {
    id,
    delivery: traced.subscribers[0],
    dead: reconciled.dead,
    json: JSON.stringify([traced, reconciled]),
    tree: traceTree(traced, { now: stack.now }),
    table: reconciliationTable(reconciled),
  };
}

describe('of a dead message are told id, subscriber, and what its error was', () => {
  test('by class, message and first own frame, where its attempts were exhausted', async () => {
    const { id, delivery, dead, tree, table, json } = await death(parcelOf);
    const why = {
      reason: 'attempts-exhausted',
      detail: expect.stringMatching(/^Failed 2 times, at last with TypeError: Cannot read properties of undefined/),
      at: expect.stringMatching(/^at parcelOf \(.*dead\.test\.ts:\d+:\d+\)$/),
    };
    expect(delivery).toMatchObject({ subscriber: 'ship', state: 'dead', ...why });
    expect(dead).toEqual([{ id, subscriber: 'ship', ...why }]);
    expect(tree).toContainEqual(expect.stringContaining('at last with TypeError: Cannot read properties of undefined'));
    expect(tree).toContainEqual(expect.stringMatching(/ at parcelOf \(.*dead\.test\.ts/));
    expect(table).toContain('Dead-lettered: 1');
    expect(table).toContainEqual(
      expect.stringMatching(
        new RegExp(`^ {2}${id} {2}ship: attempts-exhausted: Failed 2 times, at last with TypeError`),
      ),
    );
    expect(table).toContainEqual(expect.stringMatching(/^ {4}at parcelOf \(/));
    expect(json).not.toContain('4711');
  });

  test('by the reason that its handler gave', async () => {
    const { delivery, tree, table } = await death(refuse);
    expect(delivery).toMatchObject({ reason: 'rejected', at: expect.stringContaining('at refuse (') });
    for (const lines of [tree, table]) {
      expect(lines.join('\n')).toMatch(/no such.street/u);
      expect(lines.join('\n')).not.toContain('such\nstreet');
    }
  });

  test.each([[undefined], [{ code: 'X' }]])('without a frame, where %j is thrown', async (thrown) => {
    const { delivery, dead } = await death(() => {
      throw thrown;
    });
    expect(delivery).toMatchObject({ state: 'dead', reason: 'attempts-exhausted' });
    expect(delivery?.at).toBeUndefined();
    expect(dead).toHaveLength(1);
  });
});
