import { expect, test } from 'vitest';
import { z } from 'zod';
import { traceTree } from '../../lib/cli/trace-tree.ts';
import { consume, type Handler } from '../../lib/consume/consume.ts';
import { defineEvent } from '../../lib/contract/event.ts';
import { defineSubscriber } from '../../lib/contract/subscriber.ts';
import { defineTable } from '../../lib/contract/table.ts';
import { trace } from '../../lib/public/operations.ts';
import { MemoryStack } from '../../lib/public/testing.ts';
import { publish } from '../../lib/publish/publish.ts';

const Paid = defineEvent('order.paid', {
  schema: z.object({ orderId: z.string() }),
  key: ({ orderId }) => orderId,
  businessLine: 'orders',
});
const Parcels = defineTable('parcels', { item: z.object({ orderId: z.string() }), partitionKey: 'orderId' });
const Ship = defineSubscriber('ship', { consumes: [Paid], tables: [Parcels], retry: { attempts: 20 } });

/** What is told of a message whose handler is this one, some time after it was published. */
async function traced(handler: Handler<typeof Ship, typeof Paid>, after: '5s' | '2m' = '2m') {
  const stack = new MemoryStack({ subscribers: [Ship], handlers: { ship: consume(Ship, handler) } });
  const environment = stack.environment();
  const { id } = await publish(Paid, { orderId: '1' }, { environment });
  await stack.advance(after);
  const message = await trace(environment, { ledger: stack.ledger.name, shards: 16 }, id);
  return { delivery: message.subscribers[0], tree: traceTree(message, { now: stack.now }).join('\n') };
}

test('the trace says of a handled message that its handler went on when it had returned', async () => {
  const { delivery, tree } = await traced(({ orderId }, { tx }) => {
    const later = async () => {
      for (let turn = 0; turn < 20; turn++) await undefined;
      tx.put(Parcels, { orderId });
    };
    later().catch(() => undefined);
  });

  expect(delivery).toMatchObject({ state: 'handled', late: expect.any(Number) });
  expect(tree).toContain('its handler used its transaction after it had returned: what that was to write is lost');
});

test('the trace says of a message that rests what its last attempt has failed with', async () => {
  const { delivery, tree } = await traced(({ orderId }, { tx }) => {
    const write = () => tx.put(Parcels, { orderId });
    tx.get(Parcels, { orderId })
      .then(write, () => undefined)
      .catch(() => undefined);
  });

  const evidence = /\d+ attempts? failed, at last with transaction-misused .*1 of its reads were under way/;
  expect(delivery).toMatchObject({ state: 'scheduled', evidence: expect.stringMatching(evidence) });
  expect(tree).toMatch(evidence);
});

test('the trace of a handler that waits for everything says nothing of the kind', async () => {
  const { delivery, tree } = await traced(({ orderId }, { tx }) => tx.put(Parcels, { orderId }));

  expect(delivery).not.toHaveProperty('late');
  expect(tree).not.toContain('after it had returned');
});
