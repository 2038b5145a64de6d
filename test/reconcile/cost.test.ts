import type { Context, SQSEvent } from 'aws-lambda';
import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { toItem } from '../../lib/aws/attribute.ts';
import { ENVIRONMENT } from '../../lib/aws/environment.ts';
import { consume } from '../../lib/consume/consume.ts';
import { defineEvent } from '../../lib/contract/event.ts';
import { defineSubscriber } from '../../lib/contract/subscriber.ts';
import { defineTable } from '../../lib/contract/table.ts';
import { outboxKey } from '../../lib/ledger/rows/outbox.ts';
import { producer } from '../../lib/public/producer.ts';
import { transact } from '../../lib/publish/publish.ts';
import { createReconciler } from '../../lib/reconcile/reconciler.ts';
import { MemoryStack } from '../../lib/testing/stack/memory-stack.ts';
import { VirtualClock } from '../../lib/testing/virtual-clock.ts';

/** On demand, us-east-1. @see https://aws.amazon.com/dynamodb/pricing/on-demand/ */
const DOLLARS = { writeUnit: 0.625e-6, readUnit: 0.125e-6 };
const MESSAGES_A_MINUTE = 100;
const MINUTES = 20;

const Placed = defineEvent('order.placed', {
  schema: z.object({ orderId: z.string(), note: z.string() }),
  key: ({ orderId }) => orderId,
  businessLine: 'orders',
});
const Orders = defineTable('orders', { item: z.object({ orderId: z.string() }), partitionKey: 'orderId' });
const TakePayment = defineSubscriber('payment', { consumes: [Placed], tables: [Orders] });

test.each([
  { kind: 'its messages', writeUnits: 6 },
  { kind: 'half messages', writeUnits: 14 },
])(
  'reconciliation reads for at most 2.6 % of the dollars that $kind cost to write',
  {
    timeout: 120_000,
  },
  async ({ kind, writeUnits }) => {
    const clock = new VirtualClock({ now: Date.parse('2026-11-23T08:00:00Z'), jumps: true });
    const stack = new MemoryStack({ subscribers: [TakePayment], shards: 1, clock });
    const business = stack.environment({ subscriber: 'payment' });
    const overhead = stack.environment();
    const handler = consume(TakePayment, ({ orderId }, { tx }) => tx.put(Orders, { orderId }));
    const reconciler = createReconciler({ putMetrics: async () => undefined });
    const reconcile = () => reconciler({}, { [ENVIRONMENT]: overhead });

    await reconcile();
    const before = overhead.usage.readUnits;
    for (let minute = 0; minute < MINUTES; minute++) {
      for (let count = 0; count < MESSAGES_A_MINUTE; count++) await orderAndPay(`order-${minute}-${count}`);
      clock.pass(60_000);
      await reconcile();
    }
    // A day without messages, in which the second and the third pass come by.
    const idle = 24 * 60 + 25;
    const units: number[] = [];
    for (let minute = 0; minute < idle; minute++) {
      clock.pass(60_000);
      await reconcile();
      units.push(overhead.usage.readUnits);
    }
    const idleMinute = ((units.at(-1) ?? 0) - (units.at(-11) ?? 0)) / 10;
    const readUnits = overhead.usage.readUnits - before - idle * idleMinute;
    const written = business.usage.writeUnits * DOLLARS.writeUnit;
    const share = (readUnits * DOLLARS.readUnit) / written;
    expect(business.usage.writeUnits).toBe(MINUTES * MESSAGES_A_MINUTE * writeUnits);
    expect(share, `${readUnits} read units`).toBeLessThanOrEqual(0.026);
    expect(share).toBeGreaterThan(0.005);

    async function orderAndPay(orderId: string): Promise<void> {
      const event = { orderId, note: 'x'.repeat(800) };
      const id = await send(event);
      const body = stack.ledger.get(toItem(outboxKey(id)))?.envelope?.S ?? '';
      const attributes = { ApproximateReceiveCount: '1', SentTimestamp: String(clock.now()) };
      const record = { messageId: orderId, receiptHandle: orderId, body, attributes, messageAttributes: {} };
      const context = {
        [ENVIRONMENT]: business,
        functionName: 'payment',
        awsRequestId: orderId,
        getRemainingTimeInMillis: () => 30_000,
      };
      const reply = await handler({ Records: [record] } as unknown as SQSEvent, context as unknown as Context);
      expect(reply.batchItemFailures).toEqual([]);
    }

    async function send(event: { readonly orderId: string; readonly note: string }): Promise<string> {
      if (kind === 'half messages') {
        const half = await producer.prepare(Placed, event, { environment: business });
        return (await half.commit()).id;
      }
      const { ids } = await transact((tx) => void tx.publish(Placed, event), { environment: business });
      return ids[0] ?? '';
    }
  },
);
