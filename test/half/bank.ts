import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { z } from 'zod';
import { toItem } from '../../lib/aws/attribute.ts';
import { consume } from '../../lib/consume/consume.ts';
import type { Consumer } from '../../lib/consume/consumer.ts';
import { defineEvent } from '../../lib/contract/event.ts';
import { defineSubscriber, type SubscriberDefinition } from '../../lib/contract/subscriber.ts';
import { type AnyTable, defineTable } from '../../lib/contract/table.ts';
import { type HalfRow, halfKey } from '../../lib/ledger/rows/half.ts';
import { createRelay } from '../../lib/relay/relay.ts';
import { toRow } from '../../lib/testing/engines/dynamodb/table.ts';
import type { Queue, Request } from '../../lib/testing/engines/index.ts';
import { lambdaContext, queueRecord } from '../../lib/testing/lambda/lambda-event.ts';
import { MemoryStack } from '../../lib/testing/stack/memory-stack.ts';
import type { TestEnvironment } from '../../lib/testing/test-environment.ts';
import { VirtualClock } from '../../lib/testing/virtual-clock.ts';
import { type Death, type Fault, FaultyWire } from '../faults.ts';

export { type Fault, never, refusedBy, replyLost, requestLost } from '../faults.ts';

export const MoneySent = defineEvent('money.sent', {
  schema: z.object({ account: z.string(), amount: z.int().positive() }),
  key: ({ account }) => account,
  businessLine: 'payments',
});
export const Account = defineTable('account', {
  item: z.object({ account: z.string(), balance: z.int() }),
  partitionKey: 'account',
});
export const CreditAccount = defineSubscriber('credit-account', {
  consumes: [MoneySent],
  publishes: [],
  tables: [Account],
});
export const creditAccount = consume(CreditAccount, ({ account, amount }, { tx }) => {
  tx.update(Account, { account }, { create: true, add: { balance: amount } });
});

export const SENT = { account: 'b', amount: 10 };
export const BANK_NOW = Date.UTC(2026, 10, 23, 8, 14);

export interface ProcessOptions {
  /** By how much its clock differs from the others', in milliseconds. */
  readonly skew?: number;
  readonly killed?: Death;
  readonly variables?: Readonly<Record<string, string | undefined>>;
}

/** A process on engines in memory that others share, with its own faults, its own clock, and its own end. */
export interface Process {
  readonly environment: TestEnvironment;
  readonly calls: Request[];
  operations(): string[];
  /** What happens to the next requests of an operation, one after another. */
  next(operation: string, ...faults: readonly Fault[]): void;
  /** What happens to every further request of an operation. */
  from(operation: string, fault: Fault): void;
}

export interface BankOptions {
  /** The one subscriber, of one event. */
  readonly subscriber?: SubscriberDefinition;
  readonly handler?: Consumer;
}

/** Producers, the ledger, and one subscriber that adds money to accounts. */
export function openBank({ subscriber = CreditAccount, handler = creditAccount }: BankOptions = {}) {
  const clock = new VirtualClock({ now: BANK_NOW, jumps: true });
  const relay = createRelay();
  let deaf = false;
  const stack = new MemoryStack({
    subscribers: [subscriber],
    handlers: {
      [subscriber.name]: handler,
      relay: async (event: never, context: never) => (deaf ? undefined : relay(event, context)),
    },
    ledger: 'ledger',
    shards: 16,
    clock,
  });
  const { engines, ledger, outbox } = stack;
  const queueOf = (name: string) => stack.queues.get(name) as Queue;
  const [forward, checkBack] = [queueOf('forwarder'), queueOf('check-back')];
  const start = ({ skew = 0, killed, variables = {} }: ProcessOptions = {}): Process => {
    const { calls, operations, next, from, carry } = new FaultyWire(killed);
    const environment = stack.environment({
      subscriber: subscriber.name,
      clock: { now: () => clock.now() + skew, sleep: clock.sleep },
      wire: carry,
      variables,
    });
    return { environment, calls, operations, next, from };
  };
  const framework = start();
  let requests = 0;

  const bank = {
    clock,
    engines,
    ledger,
    forward,
    checkBack,
    credit: queueOf(subscriber.name),
    dead: queueOf(`${subscriber.name}-dead`),
    start,
    /** Hands every message that is visible in a queue to a function, and deletes what it does not report. */
    async drain(
      queue: Queue,
      invoke: (event: SQSEvent, context: Context) => Promise<SQSBatchResponse>,
      environment = framework.environment,
    ): Promise<number> {
      const messages = queue.receive(10);
      if (messages.length === 0) return 0;
      requests += 1;
      const context = lambdaContext(environment, `request-${requests}`, 30_000);
      const event = { Records: messages.map((message) => queueRecord(queue.name, message)) };
      const { batchItemFailures } = await invoke(event, context);
      const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      for (const { id, receiptHandle = '' } of messages) if (!failed.has(id)) queue.delete(receiptHandle);
      return messages.length;
    },
    /** What relay, forwarder and subscriber do until nothing is left to do at this moment. */
    deliver: () => stack.settle(),
    /** The ledger's stream loses whatever the relay has not had. */
    async loseChanges(): Promise<void> {
      deaf = true;
      await stack.settle('relay');
      deaf = false;
    },
    /** Reconciliation, minute by minute. */
    reconcile: (minutes: number) => stack.advance(`${minutes}m`),
    /** What reconciliation does with messages that their producer left `pending`: one message to the forward queue for each. */
    heal(): void {
      for (const { sk, envelope, sending } of outbox.rows()) {
        const message = { id: `healed-${sk}`, body: envelope ?? '', attributes: {} };
        if (sending === 'pending') forward.send(message);
      }
    },
    outbox: () => outbox.rows(),
    half: (id: string) => {
      const item = ledger.get(toItem(halfKey(id)));
      return item && (toRow(item) as unknown as HalfRow);
    },
    rowsOf: <Table extends AnyTable>(table: Table) => stack.rows(table),
    balance: (): number => stack.rows(Account).reduce((sum, { balance }) => sum + balance, 0),
    /** How often the subscriber has handled a message, its copies counted once. */
    handled: () => ledger.rows().filter(({ pk, state }) => String(pk).startsWith('in#') && state === 'handled').length,
  };
  return bank;
}

export type Bank = ReturnType<typeof openBank>;

/** Lets whatever does not wait for time come to its end. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}
