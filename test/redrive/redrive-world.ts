import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { z } from 'zod';
import { consume } from '../../lib/consume/consume.ts';
import { Rejected } from '../../lib/contract/errors.ts';
import { defineEvent } from '../../lib/contract/event.ts';
import { defineSubscriber } from '../../lib/contract/subscriber.ts';
import { defineTable } from '../../lib/contract/table.ts';
import { type Ledger, ledgerOf } from '../../lib/ledger/ledger.ts';
import { publish, transact } from '../../lib/publish/publish.ts';
import { type RedriveOptions, readRedrive, redrive, resumeRedrive, stopRedrive } from '../../lib/redrive/redrive.ts';
import { toRow } from '../../lib/testing/engines/dynamodb/table.ts';
import type { LambdaHandler } from '../../lib/testing/lambda/index.ts';
import { MemoryStack } from '../../lib/testing/stack/memory-stack.ts';
import type { MemoryStackOptions } from '../../lib/testing/stack/options.ts';

export const Paid = defineEvent('order.paid', {
  schema: z.object({ orderId: z.string(), method: z.string() }),
  key: ({ orderId }) => orderId,
  businessLine: 'payments',
  lifetime: '2h',
});
export const Booked = defineTable('booked', {
  item: z.object({ orderId: z.string(), times: z.number() }),
  partitionKey: 'orderId',
});
export const Book = defineSubscriber('book', { consumes: [Paid], tables: [Booked], retry: { attempts: 6 } });

export const Audit = defineSubscriber('audit', { consumes: [Paid] });

/** Orders of which those that are paid by a broken method are not booked. */
export function redriveWorld(options: Partial<MemoryStackOptions> = {}, besides: readonly (typeof Audit)[] = []) {
  const audit = consume(Audit, () => undefined);
  const broken = new Set<string>();
  /** How often the handler ran, by order. */
  const runs = new Map<string, number>();
  const handler = consume(Book, (order, { tx }) => {
    runs.set(order.orderId, (runs.get(order.orderId) ?? 0) + 1);
    if (broken.has(`${order.method} for now`)) throw new Error(`the bank of ${order.orderId} is busy`);
    if (broken.has(order.method)) throw new Rejected(`no ${order.method}: order ${order.orderId}`);
    tx.update(Booked, { orderId: order.orderId }, { add: { times: 1 }, create: true });
  });
  const stack = new MemoryStack({
    subscribers: [Book, ...besides],
    handlers: { book: handler as LambdaHandler, audit: audit as LambdaHandler },
    shards: 4,
    ...options,
  });
  const environment = stack.environment();
  const place = { environment };
  return {
    stack,
    environment,
    broken,
    runs,
    ledger: (): Ledger => ledgerOf(environment),
    /** Publishes orders, and has them handled. @returns their ids */
    async pay(method: string, count: number, first = 0): Promise<string[]> {
      const ids: string[] = [];
      for (let n = 0; n < count; n += 50) {
        const { ids: some } = await transact((tx) => {
          for (let one = n; one < Math.min(count, n + 50); one++) {
            tx.publish(Paid, { orderId: `${method}-${first + one}`, method });
          }
        }, place);
        ids.push(...some);
      }
      await stack.settle();
      return ids;
    },
    /** Puts a record into the subscriber's queue that is no message, and has it dead-lettered. */
    async garble(MessageBody: string): Promise<void> {
      await environment.sqs.send(new SendMessageCommand({ QueueUrl: stack.queues.get('book')?.url, MessageBody }));
      await stack.settle();
    },
    publish: (method: string, orderId: string) => publish(Paid, { orderId, method }, place),
    redrive: (more: RedriveOptions = {}) => redrive(Book, { ...more, environment }),
    read: (operation: string) => readRedrive(operation, place),
    stop: (operation: string) => stopRedrive(operation, place),
    resume: (operation: string) => resumeRedrive(operation, place),
    /** Lets time pass until an operation has ended, an hour at most. */
    async finish(operation: string) {
      for (let minutes = 0; minutes < 120; minutes++) {
        const { state } = await readRedrive(operation, place);
        if (state === 'done' || state === 'stopped') break;
        await stack.advance('30s');
      }
      return readRedrive(operation, place);
    },
    rows: (kind: string) =>
      stack.ledger
        .items()
        .map(toRow)
        .filter(({ pk }) => String(pk).split('#')[0] === kind),
    letters: () => stack.queues.get('book-dead')?.messages().length ?? 0,
    booked: () => stack.rows(Booked),
  };
}
