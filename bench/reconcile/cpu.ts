import { BatchGetItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { v7 } from 'uuid';
import * as z from 'zod/mini';
import type { Environment } from '../../lib/aws/environment.ts';
import { defineEvent } from '../../lib/contract/event.ts';
import { defineSubscriber } from '../../lib/contract/subscriber.ts';
import { ledgerOf } from '../../lib/ledger/ledger.ts';
import { judge } from '../../lib/reconcile/reconcile.ts';
import { Totals } from '../../lib/reconcile/totals.ts';
import { MemoryStack } from '../../lib/testing/stack/memory-stack.ts';
import { VirtualClock } from '../../lib/testing/virtual-clock.ts';
import { endMessage } from '../../lib/transaction/end-message.ts';
import { cannedAws, type Request } from '../canned-aws.ts';
import { measureRounds, type Timing } from '../rounds.ts';

const MESSAGES = 16_000;
const SHARDS = 16;
const START = Date.parse('2026-11-23T12:00:00Z');
const MINUTE = 60_000;

const Placed = defineEvent('order.placed', {
  schema: z.object({ orderId: z.string(), note: z.string() }),
  key: ({ orderId }) => orderId,
  businessLine: 'orders',
});

/**
 * The CPU time that a pass takes for a message and a subscriber, the SDK's serializing, signing and reading included: a minute
 * of messages, compared from the answers that the engine in memory gave once, as the bytes that DynamoDB would send.
 *
 * @returns microseconds a message and subscriber
 */
export async function measureReconcileCpu(
  subscribers: readonly string[],
  rounds: number,
  warmUp: number,
): Promise<Timing> {
  const stack = await minuteOfMessages(subscribers);
  const environment = replaying(stack);
  const pass = async () => {
    const totals = new Totals();
    const range = { from: START, to: START + MINUTE - 1 };
    const options = { ledger: stack.ledger.name, shards: SHARDS, ...range };
    for await (const judged of judge(environment, options)) totals.add(judged.totals);
    const { committed, handled } = totals.reconciliation().lines.orders ?? {};
    if (committed !== MESSAGES || handled !== MESSAGES) throw new Error(`Of ${MESSAGES}, ${handled} are handled`);
  };
  const units = MESSAGES * subscribers.length;
  const [timing] = await measureRounds([{ run: pass }], { rounds, warmUp, invocations: 1, units });
  if (!timing) throw new Error('One subject gives one timing');
  return timing;
}

/** A ledger with a minute of messages, each handled by everybody. */
async function minuteOfMessages(names: readonly string[]): Promise<MemoryStack> {
  const clock = new VirtualClock({ now: START, jumps: true });
  const subscribers = names.map((name) => defineSubscriber(name, { consumes: [Placed] }));
  const stack = new MemoryStack({ subscribers, shards: SHARDS, clock });
  const ledger = ledgerOf(stack.environment());
  const note = 'x'.repeat(700);
  for (let index = 0; index < MESSAGES; index++) {
    const orderId = `order-${index}`;
    const now = START + Math.floor((index * MINUTE) / MESSAGES);
    const envelope = stack.outbox.commit(Placed, { orderId, note }, { now });
    const ending = {
      envelope: { ...envelope, relayed: new Date(now + 100).toISOString() },
      state: 'handled' as const,
      received: now + 200,
      deliveries: 1,
      function: 'shop-payment-handler',
      request: v7(),
      redriven: false,
    };
    for (const subscriber of names) await endMessage(ledger, { ...ending, subscriber }, Number.POSITIVE_INFINITY);
  }
  clock.pass(20 * MINUTE);
  return stack;
}

/** An environment whose SDK clients are answered with the bytes of the engine's answers, each made when first asked for. */
function replaying(stack: MemoryStack): Environment {
  const environment = stack.environment();
  const answers = new Map<string, Uint8Array>();
  const { dynamodb } = cannedAws(async ({ operation, body }) => {
    const key = `${operation} ${body}`;
    const answer = answers.get(key) ?? encoded(await asked(environment, operation, body));
    answers.set(key, answer);
    return answer;
  });
  return { ...environment, dynamodb };
}

async function asked({ dynamodb }: Environment, operation: Request['operation'], body: string): Promise<object> {
  const input = JSON.parse(body);
  const command = operation === 'Query' ? new QueryCommand(input) : new BatchGetItemCommand(input);
  const { $metadata: _, ...answer } = await dynamodb.send(command as QueryCommand);
  return answer;
}

function encoded(answer: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(answer));
}
