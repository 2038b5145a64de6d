import * as z from 'zod/mini';
import { consume } from '../../lib/consume/consume.ts';
import { defineEvent } from '../../lib/contract/event.ts';
import { defineSubscriber } from '../../lib/contract/subscriber.ts';
import { defineTable } from '../../lib/contract/table.ts';

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

export const Placed = defineEvent('order.placed', {
  schema: z.object({ orderId: z.string(), sku: z.string(), quantity: z.number() }),
  key: ({ orderId }) => orderId,
  businessLine: 'orders',
});
export const Orders = defineTable('orders', {
  item: z.object({ orderId: z.string(), sku: z.string(), quantity: z.number() }),
  partitionKey: 'orderId',
});
export const Notes = defineTable('notes', {
  item: z.object({ orderId: z.string(), by: z.string(), sku: z.string(), quantity: z.number() }),
  partitionKey: 'orderId',
  sortKey: 'by',
});

/** The subscribers of a scenario, each of which notes every order. */
export function noting({ subscribers }: Scenario) {
  const definitions = Array.from({ length: subscribers }, (_, index) =>
    defineSubscriber(`subscriber-${index + 1}`, { consumes: [Placed], tables: [Notes] }),
  );
  const handlers = definitions.map((definition) => [
    definition.name,
    consume(definition, (order, { tx }) => tx.put(Notes, { ...order, by: definition.name }, { when: 'absent' })),
  ]);
  return { definitions, handlers: Object.fromEntries(handlers) };
}
