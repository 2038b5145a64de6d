import { setTimeout as sleep } from 'node:timers/promises';
import { ChangeMessageVisibilityCommand, DeleteMessageCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { WaybillError } from 'waybill';
import type { Environment } from 'waybill/runtime';
import type { Order } from '../examples/commerce/place-order.ts';
import type { Progress } from '../lib/cli/progress.ts';
import { keyShard, messageTime } from '../lib/message/message-id.ts';
import type { Deployment } from './deployment.ts';
import { passBy, pauseQueue } from './event-sources.ts';
import type { MessageTracker } from './tracker.ts';

/** What the saboteur has to do with. */
export interface Scene {
  readonly orders: readonly Order[];
  readonly deployment: Deployment;
  readonly tracker: Pick<MessageTracker, 'ended' | 'pendingAt'>;
  readonly environment: Pick<Environment, 'sqs' | 'now'>;
  readonly signal: AbortSignal;
  /** Submits orders through the shop, and resolves with the ids of their messages when they are committed. */
  readonly submit: (orders: readonly Order[]) => Promise<string[]>;
}

/** What the saboteur knows to have done. */
export interface Deeds {
  /** Ids of messages that were deleted from a subscriber's queue. */
  readonly stolen: readonly string[];
  /** Ids of messages that the relay passed by. */
  readonly dropped: readonly string[];
  /** What nothing read the queue of for a while. */
  readonly blocked?: Blocked;
}

/** The ids of messages that had not ended at a subscriber when its block came to an end. */
export interface Blocked {
  readonly subscriber: string;
  readonly waiting: readonly string[];
  /** Those of them that were overdue when Waybill looked the last time. */
  readonly overdue: readonly string[];
}

/** The run did not come to the point at which something could be broken. */
export class SabotageFailed extends WaybillError {
  readonly code = 'sabotage-failed';
}

/** There are too few orders to break something of each kind. */
export class TooFewOrders extends WaybillError {
  readonly code = 'too-few-orders';
}

/** Of so many orders, three have ids that end in the same digit. */
export const LEAST_ORDERS = 40;
/** Milliseconds within which a message should have ended, so that nobody waits a minute for what is sabotaged. */
export const DEADLINE_MS = 10_000;

const STEAL = { from: 'reserve-stock', orders: 12, messages: 5 };
const DROP = { orders: 3, probe: 'take-payment' };
const BLOCK = { subscriber: 'note-shipping', orders: 8, messages: 5 };
const PAUSE_MS = 100;
const PATIENCE_MS = 120_000;
/** Messages of others stay hidden for so long while they are looked at. */
const HIDDEN_SECONDS = 5;

/**
 * Submits a run's orders, and breaks things meanwhile: deletes messages from a queue, has the relay pass messages by, and
 * blocks a subscriber until its messages are overdue. Whatever happens, it puts back what it has changed.
 *
 * @param look looks once whether messages are missing
 */
export async function sabotage(
  scene: Scene,
  look: () => Promise<void>,
  { note }: Pick<Progress, 'note'>,
): Promise<Deeds> {
  const { passed, others } = split(scene.orders);
  const portion = (count: number) => others.splice(0, count);
  await scene.submit(portion(Math.floor(others.length / 4)));
  const stolen = await steal(scene, portion(STEAL.orders));
  note(`Deleted ${stolen.length} messages from the queue of ${STEAL.from}`);
  const dropped = await drop(scene, passed.splice(0, DROP.orders), portion(1));
  note(`Had the relay drop ${dropped.length} messages`);
  const blocked = await blockUntilOverdue(scene, portion(BLOCK.orders), look);
  note(`Blocked ${BLOCK.subscriber} until its messages were overdue by their ${DEADLINE_MS / 1000} s`);
  await scene.submit([...others, ...passed]);
  return { stolen, dropped, blocked };
}

/** Receives messages before their consumer does, and deletes them. */
async function steal(scene: Scene, orders: readonly Order[]): Promise<string[]> {
  const { sqs } = scene.environment;
  const QueueUrl = queueOf(scene, STEAL.from);
  const stolen: string[] = [];
  const mend = await pauseQueue(QueueUrl);
  try {
    const flow = scene.submit(orders);
    await until(scene, `${STEAL.messages} messages in the queue of ${STEAL.from}`, async () => {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: HIDDEN_SECONDS }),
      );
      for (const { Body = '', ReceiptHandle } of Messages) {
        const { id, partitionkey } = readEnvelope(Body);
        // What is no message of this run is none of the saboteur's business, and neither is what is one too many.
        if (id && stolen.length < STEAL.messages && scene.orders.some(({ orderId }) => orderId === partitionkey)) {
          await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
          stolen.push(id);
        } else {
          await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }));
        }
      }
      return stolen.length >= STEAL.messages;
    });
    await flow;
  } finally {
    await mend();
  }
  return stolen;
}

/** Has the relay pass by the messages of these orders. */
async function drop(scene: Scene, orders: readonly Order[], probe: readonly Order[]): Promise<string[]> {
  const { tracker, deployment } = scene;
  const mend = await passBy(deployment.ledger, digitOf(orders[0]));
  try {
    const dropped = await scene.submit(orders);
    // The relay reads in turn: once it has sent what was committed later, it has come past these.
    const [sign] = await scene.submit(probe);
    await until(scene, 'the relay has come past what it should drop', async () =>
      tracker.ended.some(({ subscriber, message }) => subscriber === DROP.probe && message.id === sign),
    );
    return dropped;
  } finally {
    await mend();
  }
}

/** Blocks a subscriber until some of its messages are overdue. */
async function blockUntilOverdue(scene: Scene, orders: readonly Order[], look: () => Promise<void>): Promise<Blocked> {
  const { subscriber } = BLOCK;
  const waiting = () => scene.tracker.pendingAt(subscriber);
  const mend = await pauseQueue(queueOf(scene, subscriber));
  try {
    await scene.submit(orders);
    let overdue: string[] = [];
    await until(scene, `${BLOCK.messages} overdue messages at ${subscriber}`, async () => {
      const now = scene.environment.now();
      overdue = waiting().filter((id) => messageTime(id) + DEADLINE_MS <= now);
      return overdue.length >= BLOCK.messages;
    });
    await look();
    return { subscriber, waiting: waiting(), overdue: overdue.filter((id) => waiting().includes(id)) };
  } finally {
    await mend();
  }
}

async function until({ signal }: Scene, what: string, isSo: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await isSo())) {
    if (signal.aborted || performance.now() > end) {
      throw new SabotageFailed(`Waited in vain for ${what}: nothing could be broken there`);
    }
    await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined);
  }
}

function queueOf({ deployment }: Scene, subscriber: string): string {
  return deployment.subscribers[subscriber]?.queueUrl ?? '';
}

function readEnvelope(body: string): { readonly id?: string; readonly partitionkey?: string } {
  try {
    return JSON.parse(body);
  } catch {
    return {};
  }
}

/** The orders of one digit, of which there are enough to drop some; and all others. */
function split(orders: readonly Order[]): { readonly passed: Order[]; readonly others: Order[] } {
  const [passed = []] = [...Map.groupBy(orders, digitOf).values()]
    .filter((some) => some.length >= DROP.orders)
    .sort((one, other) => one.length - other.length);
  if (orders.length < LEAST_ORDERS || passed.length === 0) {
    throw new TooFewOrders(`${orders.length} orders are too few to sabotage: give at least ${LEAST_ORDERS}`);
  }
  return { passed: [...passed], others: orders.filter((order) => !passed.includes(order)) };
}

/** The last digit of the ids of an order's messages: it follows from the business key. */
function digitOf(order: Order | undefined): string {
  return keyShard(order?.orderId ?? '', 16).toString(16);
}
