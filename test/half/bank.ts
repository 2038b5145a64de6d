import type { Context, DynamoDBStreamEvent, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { z } from 'zod';
import { toItem } from '../../lib/aws/expression.ts';
import { type Consumer, consume } from '../../lib/consume/consume.ts';
import { BINDINGS } from '../../lib/contract/bindings.ts';
import { defineEvent } from '../../lib/contract/event.ts';
import { defineSubscriber, type SubscriberDefinition } from '../../lib/contract/subscriber.ts';
import { type AnyTable, defineTable } from '../../lib/contract/table.ts';
import { type HalfRow, halfKey } from '../../lib/ledger/rows/half.ts';
import type { OutboxRow } from '../../lib/ledger/rows/outbox.ts';
import { eventTypeKey, type Route, routeKey } from '../../lib/ledger/rows/route.ts';
import { decodeEnvelope } from '../../lib/message/envelope.ts';
import { createReconciler } from '../../lib/reconcile/reconciler.ts';
import { createForwarder } from '../../lib/relay/forwarder.ts';
import { createRelay } from '../../lib/relay/relay.ts';
import { toRow } from '../../lib/testing/engines/dynamodb/table.ts';
import { type Queue, type Request, streamRecord, type Wire } from '../../lib/testing/engines/index.ts';
import { lambdaContext, queueRecord } from '../../lib/testing/lambda/lambda-event.ts';
import { seededRandom } from '../../lib/testing/seeded-random.ts';
import { enginesOn, type TestEnvironment, tableOf, testEnvironment } from '../../lib/testing/test-environment.ts';
import { VirtualClock } from '../../lib/testing/virtual-clock.ts';

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
  tx.update(Account, { account }, { add: { balance: amount } });
});

export const SENT = { account: 'b', amount: 10 };
export const BANK_NOW = Date.UTC(2026, 10, 23, 8, 14);

/** What happens to one request, instead of its being answered. */
export type Fault = (apply: () => object, request: Request) => object | Promise<object>;

export interface ProcessOptions {
  /** By how much its clock differs from the others', in milliseconds. */
  readonly skew?: number;
  /** Where it is killed: before its nth request (from 0) is carried out, or after that, before the reply comes. */
  readonly killed?: { readonly at: number; readonly before: boolean };
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
  const random = seededRandom(1);
  const engines = enginesOn(clock);
  const keys = { partitionKey: { name: 'pk', type: 'S' }, sortKey: { name: 'sk', type: 'S' } } as const;
  const ledger = engines.dynamodb.createTable({ name: 'ledger', ...keys });
  const [forward, checkBack, credit, dead] = ['forward', 'check-back', 'credit-account', 'dead-letters'].map((name) =>
    engines.sqs.createQueue({ name, retentionSeconds: 14 * 86_400 }),
  ) as [Queue, Queue, Queue, Queue];
  engines.s3.createBucket('quarantine');
  const route: Route = {
    type: subscriber.consumes[0]?.type ?? '',
    subscriber: subscriber.name,
    since: 0,
    destination: { kind: 'queue', url: credit.url },
    deadline: 60_000,
    businessLine: 'payments',
  };
  for (const row of [eventTypeKey(route.type), { ...routeKey(route.type, route.subscriber), ...route }]) {
    ledger.write(ledger.keyOf(toItem(row)), toItem(row));
  }

  const start = ({ skew = 0, killed, variables = {} }: ProcessOptions = {}): Process => {
    const calls: Request[] = [];
    const faults = new Map<string, Fault[]>();
    const always = new Map<string, Fault>();
    const wire: Wire = async (request, apply) => {
      const call = calls.push(request) - 1;
      if (killed && (call > killed.at || (call === killed.at && killed.before))) return never();
      const fault = faults.get(request.operation)?.shift() ?? always.get(request.operation);
      const answer = await (fault ? fault(apply, request) : apply());
      return killed && call === killed.at ? never() : answer;
    };
    const environment = testEnvironment({
      clock: { now: () => clock.now() + skew, sleep: clock.sleep },
      random,
      engines,
      wire,
      variables: {
        [BINDINGS.ledger]: 'ledger',
        [BINDINGS.shards]: '16',
        [BINDINGS.forwardQueueUrl]: forward.url,
        [BINDINGS.checkBackQueueUrl]: checkBack.url,
        [BINDINGS.queueUrl]: credit.url,
        [BINDINGS.deadLetterQueueUrl]: dead.url,
        [BINDINGS.quarantineBucket]: 'quarantine',
        ...variables,
      },
    });
    return {
      environment,
      calls,
      operations: () => calls.map(({ operation }) => operation),
      next: (operation, ...them) => void faults.set(operation, [...them]),
      from: (operation, fault) => void always.set(operation, fault),
    };
  };

  const framework = start();
  let requests = 0;
  const relay = createRelay();
  const forwarder = createForwarder();
  const reconciler = createReconciler({ putMetrics: async () => undefined });
  let relayed = 0;

  /** Hands every message that is visible in a queue to a function, and deletes what it does not report. */
  const drain = async (
    queue: Queue,
    handler: (event: SQSEvent, context: Context) => Promise<SQSBatchResponse>,
    environment = framework.environment,
  ): Promise<number> => {
    const messages = queue.receive(10);
    if (messages.length === 0) return 0;
    requests += 1;
    const context = lambdaContext(environment, `request-${requests}`, 30_000);
    const event = { Records: messages.map((message) => queueRecord(queue.name, message)) };
    const { batchItemFailures } = await handler(event, context);
    const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    for (const { id, receiptHandle = '' } of messages) if (!failed.has(id)) queue.delete(receiptHandle);
    return messages.length;
  };

  const bank = {
    clock,
    engines,
    ledger,
    forward,
    checkBack,
    credit,
    dead,
    start,
    drain,
    /** What relay, forwarder and subscriber do until nothing is left to do at this moment. */
    async deliver(): Promise<void> {
      for (let busy = true; busy; ) {
        const changes = ledger.changes.slice(relayed);
        relayed += changes.length;
        const records = changes.map((change) => streamRecord(change)) as DynamoDBStreamEvent['Records'];
        if (records.length > 0)
          await relay({ Records: records }, lambdaContext(framework.environment, 'relay', 30_000));
        const forwarded = await drain(forward, forwarder);
        const handled = await drain(credit, handler as never);
        busy = changes.length + forwarded + handled > 0;
      }
    },
    /** The ledger's stream loses whatever the relay has not had. */
    loseChanges(): void {
      relayed = ledger.changes.length;
    },
    /** Reconciliation, minute by minute. */
    async reconcile(minutes: number): Promise<void> {
      for (let minute = 0; minute < minutes; minute++) {
        clock.pass(60_000);
        await reconciler({}, lambdaContext(framework.environment, 'reconcile', 60_000));
        await bank.deliver();
      }
    },
    /** What reconciliation does with messages that their producer left `pending`: one message to the forward queue for each. */
    heal(): void {
      for (const { envelope, sending } of bank.outbox()) {
        const message = { id: `healed-${decodeEnvelope(envelope).id}`, body: envelope, attributes: {} };
        if (sending === 'pending') forward.send(message);
      }
    },
    outbox: () =>
      ledger
        .rows()
        .filter(({ pk }) => String(pk).startsWith('out#'))
        .map((row) => row as unknown as OutboxRow),
    half: (id: string) => {
      const item = ledger.get(toItem(halfKey(id)));
      return item && (toRow(item) as unknown as HalfRow);
    },
    rowsOf: (table: AnyTable) => engines.dynamodb.table(tableOf(engines.dynamodb, table)).rows(),
    balance: (): number => bank.rowsOf(Account).reduce((sum, { balance }) => sum + Number(balance), 0),
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

/** The request is carried out, and its reply is lost. */
export const replyLost: Fault = (apply) => {
  apply();
  throw serviceError('TimeoutError', 'server');
};

/** The request is lost. */
export const requestLost: Fault = () => {
  throw serviceError('TimeoutError', 'server');
};

export const refusedBy =
  (name: string): Fault =>
  () => {
    throw serviceError(name, 'client');
  };

/** The request is on its way for ever. */
export const never = (): Promise<never> => new Promise(() => undefined);

function serviceError(name: string, $fault: 'client' | 'server'): Error {
  return Object.assign(new Error(`${name}, said AWS`), { name, $fault, $metadata: {} });
}
