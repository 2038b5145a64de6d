import * as z from 'zod/mini';
import { consume } from '../../lib/consume/consume.ts';
import { defineEvent } from '../../lib/contract/event.ts';
import { defineSubscriber } from '../../lib/contract/subscriber.ts';
import { defineTable } from '../../lib/contract/table.ts';
import { publish, transact } from '../../lib/publish/publish.ts';
import { reconcile } from '../../lib/reconcile/reconcile.ts';
import { MemoryStack } from '../../lib/testing/stack/memory-stack.ts';
import { VirtualClock } from '../../lib/testing/virtual-clock.ts';
import { CONSUMER_BATCH, type Consumption, gigabyteSeconds, RELAY_BATCH } from './dollars.ts';
import { WireMeter } from './wire-meter.ts';

/** What was counted of a message. */
export interface Counted extends Consumption {
  /** AWS calls of the producer's code and the functions'. */
  readonly calls: number;
}

/** What is counted: `a`, `b` and `c` of docs/cost.md. */
export interface Scenario {
  readonly subscribers: number;
  /** Whether the producer writes a row of its own beside the message. */
  readonly writes: boolean;
}

export const SCENARIOS = {
  a: { subscribers: 1, writes: true },
  b: { subscribers: 3, writes: true },
  c: { subscribers: 1, writes: false },
} as const satisfies Readonly<Record<string, Scenario>>;

const ROUNDS = 10;
const MESSAGES = ROUNDS * RELAY_BATCH;
const COMMITTED = MESSAGES + RELAY_BATCH;
/** When it is first due, when its minute is full, and a day later. */
const PASSES = 3;
const START = Date.parse('2026-11-23T08:00:00Z');

const Placed = defineEvent('order.placed', {
  schema: z.object({ orderId: z.string(), sku: z.string(), quantity: z.number() }),
  key: ({ orderId }) => orderId,
  businessLine: 'orders',
});
const Orders = defineTable('orders', {
  item: z.object({ orderId: z.string(), sku: z.string(), quantity: z.number() }),
  partitionKey: 'orderId',
});
const Notes = defineTable('notes', {
  item: z.object({ orderId: z.string(), by: z.string(), sku: z.string(), quantity: z.number() }),
  partitionKey: 'orderId',
  sortKey: 'by',
});

/** Sends messages through a whole deployment in memory, in batches as at load, and counts what each takes. */
export async function count({ subscribers, writes }: Scenario): Promise<Counted> {
  const names = Array.from({ length: subscribers }, (_, index) => `subscriber-${index + 1}`);
  const definitions = names.map((name) => defineSubscriber(name, { consumes: [Placed], tables: [Notes] }));
  const handlers = definitions.map((definition) => [
    definition.name,
    consume(definition, (order, { tx }) => tx.put(Notes, { ...order, by: definition.name }, { when: 'absent' })),
  ]);
  const meter = new WireMeter();
  const clock = new VirtualClock({ now: START, jumps: true });
  const stack = new MemoryStack({
    subscribers: definitions,
    handlers: Object.fromEntries(handlers),
    // One shard of the table's stream, whose batches are whole.
    shards: 1,
    clock,
    wire: meter.wire,
  });
  const producer = stack.environment();
  // The first round is not counted: what a process asks once does not count a message.
  for (let round = -1; round < ROUNDS; round++) {
    if (round === 0) meter.reset();
    for (let index = 0; index < RELAY_BATCH; index++) {
      const order = { orderId: `order-${round}-${index}`, sku: 'album-1', quantity: 1 };
      if (writes) {
        await transact(
          (tx) => {
            tx.put(Orders, order, { when: 'absent' });
            tx.publish(Placed, order);
          },
          { environment: producer },
        );
      } else await publish(Placed, order, { environment: producer });
    }
    await stack.settle();
  }
  refuseUnfinished(stack, subscribers);
  const { writeUnits, readUnits, calls, sqsBatches } = meter;
  const relays = 1 / RELAY_BATCH;
  const consumers = subscribers / CONSUMER_BATCH;
  return {
    writeUnits: writeUnits / MESSAGES,
    readUnits: readUnits / MESSAGES + PASSES * (await readUnitsOfAPass(stack)),
    calls: calls / MESSAGES,
    // Lambda's pollers receive and delete each batch.
    sqsRequests: sqsBatches / MESSAGES + 2 * consumers,
    invocations: relays + consumers,
    gigabyteSeconds: gigabyteSeconds(relays, consumers),
  };
}

/** Of reconciliation, for a message. */
async function readUnitsOfAPass(stack: MemoryStack): Promise<number> {
  const environment = stack.environment();
  const options = { ledger: stack.ledger.name, shards: 1, from: START, to: START + 59_999 };
  const { lines } = await reconcile(environment, options);
  if (lines.orders?.handled !== COMMITTED)
    throw new Error(`Of ${COMMITTED} messages, ${lines.orders?.handled} are handled`);
  const before = environment.usage.readUnits;
  await reconcile(environment, options);
  return (environment.usage.readUnits - before) / COMMITTED;
}

function refuseUnfinished(stack: MemoryStack, subscribers: number): void {
  const noted = stack.rows(Notes).length;
  if (noted !== subscribers * COMMITTED)
    throw new Error(`${noted} of ${subscribers * COMMITTED} messages were handled`);
}
