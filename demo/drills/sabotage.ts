import { setTimeout as sleep } from 'node:timers/promises';
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
} from '@aws-sdk/client-sqs';
import { WaybillError } from 'waybill';
import { ENVIRONMENT, type Environment } from 'waybill/runtime';
import { OrderPlaced } from '../../examples/commerce/contract.ts';
import type { Order } from '../../examples/commerce/place-order.ts';
import type { Progress } from '../../lib/cli/progress.ts';
import { NEWEST_FORMAT } from '../../lib/ledger/rows/format.ts';
import { keyShard, messageTime } from '../../lib/message/message-id.ts';
import { createRegistrar } from '../../lib/relay/registrar.ts';
import type { Deployment } from '../deployment.ts';
import { passBy, pauseQueue } from '../event-sources.ts';
import type { MessageTracker } from '../tracker.ts';
import type { SabotageWatch } from './sabotage-watch.ts';

/** What the saboteur has to do with. */
export interface Scene {
  readonly orders: readonly Order[];
  readonly deployment: Deployment;
  readonly tracker: Pick<MessageTracker, 'ended' | 'pendingAt'>;
  readonly environment: Environment;
  readonly signal: AbortSignal;
  /** Submits orders through the shop, and resolves with the ids of their messages when they are committed. */
  readonly submit: (orders: readonly Order[]) => Promise<string[]>;
}

/** What the saboteur knows to have done: ids of messages. */
export interface Deeds {
  /** Whose destination refused them. */
  readonly refused: readonly string[];
  /** That were deleted from a subscriber's queue. */
  readonly stolen: readonly string[];
  /** That the relay passed by. */
  readonly dropped: readonly string[];
  /** What nothing read the queue of for a while. */
  readonly blocked?: Blocked;
  /** That a subscriber had not ended when it was removed. */
  readonly orphaned: readonly string[];
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

const REFUSE = { subscriber: 'take-payment', orders: 4 };
const STEAL = { from: 'reserve-stock', orders: 12, messages: 5 };
const DROP = { orders: 3, probe: 'take-payment' };
const BLOCK = { subscriber: 'note-shipping', orders: 8, messages: 5 };
const REMOVE = { subscriber: 'award-points', orders: 4 };
const PAUSE_MS = 100;
/** A busy machine runs the schedules late: a removed subscriber is found, named and given up in runs of their own. */
const PATIENCE_MS = 300_000;
/** Standard output is the demo's. */
const SILENT = {
  log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  metrics: { count: () => undefined, flush: () => undefined },
};
/** Messages of others stay hidden for so long while they are looked at. */
const HIDDEN_SECONDS = 5;

/** What the saboteur asks of the one who reconciles. */
export type Looking = Pick<SabotageWatch, 'look' | 'isNamed' | 'abandoned'>;

/**
 * Submits a run's orders, and breaks things meanwhile: has a destination refuse messages, deletes some from a queue, has the
 * relay pass some by, blocks a subscriber until its messages are overdue, and removes one that has not ended its own.
 * Whatever happens, it puts back what it has changed.
 */
export async function sabotage(scene: Scene, looking: Looking, { note }: Pick<Progress, 'note'>): Promise<Deeds> {
  const { passed, others } = split(scene.orders);
  const portion = (count: number) => others.splice(0, count);
  const refused = await refuse(scene, portion(REFUSE.orders), looking);
  note(`Had the queue of ${REFUSE.subscriber} refuse ${refused.length} messages until they were named`);
  await scene.submit(portion(Math.floor(others.length / 4)));
  const stolen = await steal(scene, portion(STEAL.orders));
  note(`Deleted ${stolen.length} messages from the queue of ${STEAL.from}`);
  const dropped = await drop(scene, passed.splice(0, DROP.orders), portion(1));
  note(`Had the relay drop ${dropped.length} messages`);
  const blocked = await blockUntilOverdue(scene, portion(BLOCK.orders), looking);
  note(`Blocked ${BLOCK.subscriber} until its messages were overdue by their ${DEADLINE_MS / 1000} s`);
  const orphaned = await remove(scene, portion(REMOVE.orders), looking);
  note(`Removed the subscriber ${REMOVE.subscriber} with ${orphaned.length} messages in its queue`);
  await scene.submit([...others, ...passed]);
  return { refused, stolen, dropped, blocked, orphaned };
}

/** Has a destination refuse what the relay sends, until that is named: its queue is deleted, and made anew. */
async function refuse(scene: Scene, orders: readonly Order[], { isNamed }: Looking): Promise<string[]> {
  const { sqs } = scene.environment;
  const QueueUrl = queueOf(scene, REFUSE.subscriber);
  const { Attributes = {} } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
  // The others are the engine's to say.
  const own = Object.entries(Attributes).filter(([name]) => !/^(Approximate|Created|LastModified|QueueArn)/.test(name));
  await sqs.send(new DeleteQueueCommand({ QueueUrl }));
  try {
    const ids = await scene.submit(orders);
    await until(scene, `${ids.length} refused messages to be named`, () => ids.every(isNamed));
    return ids;
  } finally {
    const QueueName = QueueUrl.split('/').at(-1);
    await sqs.send(new CreateQueueCommand({ QueueName, Attributes: Object.fromEntries(own) }));
  }
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
      const options = { MaxNumberOfMessages: 10, VisibilityTimeout: HIDDEN_SECONDS };
      const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, ...options }));
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
  const mend = await passBy(scene.deployment.ledger, digitOf(orders[0]));
  try {
    const dropped = await scene.submit(orders);
    // The relay reads in turn: once it has sent what was committed later, it has come past these.
    const [sign] = await scene.submit(probe);
    await until(scene, 'the relay has come past what it should drop', () =>
      scene.tracker.ended.some(({ subscriber, message }) => subscriber === DROP.probe && message.id === sign),
    );
    return dropped;
  } finally {
    await mend();
  }
}

/** Blocks a subscriber until some of its messages are overdue. */
async function blockUntilOverdue(scene: Scene, orders: readonly Order[], { look }: Looking): Promise<Blocked> {
  const { subscriber } = BLOCK;
  const waiting = () => scene.tracker.pendingAt(subscriber);
  const mend = await pauseQueue(queueOf(scene, subscriber));
  try {
    await scene.submit(orders);
    let overdue: string[] = [];
    await until(scene, `${BLOCK.messages} overdue messages at ${subscriber}`, () => {
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

/**
 * Deploys one more subscriber, whose queue nothing reads, and removes it once its messages are named: the registrar's own
 * code does both, as CloudFormation would have it do.
 */
async function remove(scene: Scene, orders: readonly Order[], { isNamed, abandoned }: Looking): Promise<string[]> {
  const { environment } = scene;
  const subscriber = `${REMOVE.subscriber}-${environment.now().toString(36)}`;
  const { QueueUrl: url } = await environment.sqs.send(new CreateQueueCommand({ QueueName: subscriber }));
  const register = createRegistrar(async (_url, { Status, Reason }) => {
    if (Status === 'FAILED') throw new SabotageFailed(`The routes of ${subscriber} were not written: ${Reason}`);
  });
  const request = (RequestType: 'Create' | 'Delete') => {
    const { type, businessLine } = OrderPlaced;
    const deadline = String(DEADLINE_MS);
    const properties = { subscriber, events: [{ type, businessLine }], deadline, reads: String(NEWEST_FORMAT) };
    const ids = { StackId: subscriber, LogicalResourceId: subscriber, PhysicalResourceId: subscriber };
    const ResourceProperties = { ...properties, destination: { kind: 'queue', url } };
    const event = { RequestType, ...ids, RequestId: `${subscriber} ${RequestType}`, ResourceProperties };
    return register(event as never, { [ENVIRONMENT]: { ...environment, ...SILENT } } as object);
  };
  let ids: string[] = [];
  await request('Create');
  try {
    ids = await scene.submit(orders);
    await until(scene, `messages of ${subscriber} to be named`, () => ids.every(isNamed));
  } finally {
    await request('Delete');
    await environment.sqs.send(new DeleteQueueCommand({ QueueUrl: url }));
  }
  await until(scene, `messages of ${subscriber} to be abandoned`, () => ids.every((id) => abandoned.has(id)));
  return ids;
}

async function until({ signal }: Scene, what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
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
