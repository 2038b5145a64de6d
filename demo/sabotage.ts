import { setTimeout as sleep } from 'node:timers/promises';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
} from '@aws-sdk/client-sqs';
import { WaybillError } from 'waybill';
import type { Environment } from 'waybill/runtime';
import type { Progress } from '../lib/cli/progress.ts';
import { decodeEnvelope, type Envelope } from '../lib/message/envelope.ts';
import { keyShard, messageTime } from '../lib/message/message-id.ts';
import type { MessageTracker } from './message-tracker.ts';
import { type Mend, SabotageSources } from './sabotage-sources.ts';
import type { SabotageWatch } from './sabotage-watch.ts';
import type { Deployment, ShopOrder } from './shop.ts';

/** What the saboteur has to do with. */
export interface Scene {
  readonly orders: readonly ShopOrder[];
  readonly deployment: Deployment;
  readonly tracker: Pick<MessageTracker, 'messages' | 'ended' | 'pendingAt'>;
  readonly environment: Environment;
  readonly signal: AbortSignal;
  /** Submits orders through the shop, and resolves when they are committed. */
  readonly submit: (orders: readonly ShopOrder[]) => Promise<void>;
}

/** What the saboteur knows to have done. */
export interface Deeds {
  /** Ids of messages that were deleted from a subscriber's queue. */
  readonly stolen: readonly string[];
  /** Ids of messages that the relay passed by. */
  readonly dropped: readonly string[];
  /** Times during which a subscriber was blocked. */
  readonly blocks: readonly Block[];
}

/** A time during which nothing read a subscriber's queue, in milliseconds since the epoch. */
export interface Block {
  readonly subscriber: string;
  readonly from: number;
  readonly to: number;
  /** What was overdue then had been looked for before the block ended. */
  readonly looked?: number;
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

const [STOLEN_FROM, BLOCKED] = ['reserve-stock', 'note-shipping'] as const;
const STEAL = { orders: 12, messages: 5 };
const DROP = 3;
const BLOCK = { orders: 8, messages: 5 };
/** Where it shows that the relay has come past a message. */
const PROBED = 'take-payment';
const PAUSE = 100;
const PATIENCE = 120_000;
/** Messages of others stay hidden for so long while they are looked at. */
const HIDDEN_SECONDS = 5;

/**
 * Submits a run's orders, and breaks things meanwhile: deletes messages from a queue, has the relay pass messages by, and
 * blocks a subscriber until its messages are overdue. Whatever happens, it puts back what it has changed.
 */
export async function sabotage(scene: Scene, watch: SabotageWatch, progress: Pick<Progress, 'note'>): Promise<Deeds> {
  const saboteur = new Saboteur(scene, watch, progress);
  const { forgotten, others } = split(scene.orders);
  const next = inPortions(others);
  await scene.submit(next(Math.floor(others.length / 4)));
  await saboteur.steal(next(STEAL.orders));
  await saboteur.drop(forgotten.slice(0, DROP), next(1));
  await saboteur.block(next(BLOCK.orders));
  await scene.submit([...next(others.length), ...forgotten.slice(DROP)]);
  return saboteur;
}

class Saboteur implements Deeds {
  readonly stolen: string[] = [];
  readonly dropped: string[] = [];
  readonly blocks: Block[] = [];
  readonly #scene: Scene;
  readonly #watch: SabotageWatch;
  readonly #progress: Pick<Progress, 'note'>;
  readonly #sources: SabotageSources;

  constructor(scene: Scene, watch: SabotageWatch, progress: Pick<Progress, 'note'>) {
    this.#scene = scene;
    this.#watch = watch;
    this.#progress = progress;
    this.#sources = new SabotageSources(scene.environment);
  }

  /** Receives messages before their consumer does, and deletes them. */
  async steal(orders: readonly ShopOrder[]): Promise<void> {
    await this.#whileBlocked(STOLEN_FROM, async () => {
      const flow = this.#scene.submit(orders);
      await this.#until(`${STEAL.messages} messages in the queue of ${STOLEN_FROM}`, async () => {
        const messages = await this.#receive();
        for (const message of messages) await this.#deleteOrRelease(message);
        return this.stolen.length >= STEAL.messages;
      });
      await flow;
    });
    this.#progress.note(`Deleted ${this.stolen.length} messages from the queue of ${STOLEN_FROM}`);
  }

  /** Has the relay pass by the messages of these orders. */
  async drop(orders: readonly ShopOrder[], probe: readonly ShopOrder[]): Promise<void> {
    const { tracker, deployment, submit } = this.#scene;
    const mend = await this.#sources.forget(deployment.ledger, digitOf(orders[0]));
    await mended(mend, async () => {
      await submit(orders);
      // The relay reads in turn: once it has sent what was committed later, it has come past these.
      await submit(probe);
      const [sign] = probe;
      await this.#until('the relay has come past what it should forget', async () =>
        tracker.ended.some(({ subscriber, message }) => subscriber === PROBED && message.orderId === sign?.orderId),
      );
    });
    const ids = new Set(orders.map(({ orderId }) => orderId));
    for (const { id, orderId } of tracker.messages.values()) if (ids.has(orderId)) this.dropped.push(id);
    this.#progress.note(`Had the relay drop ${this.dropped.length} messages`);
  }

  /** Blocks a subscriber until some of its messages are overdue. */
  async block(orders: readonly ShopOrder[]): Promise<void> {
    const deadline = (await this.#watch.deadlines()).get(BLOCKED) ?? 0;
    let looked = 0;
    await this.#whileBlocked(
      BLOCKED,
      async () => {
        await this.#scene.submit(orders);
        await this.#until(`${BLOCK.messages} overdue messages at ${BLOCKED}`, async () => {
          looked = this.#scene.environment.now();
          const overdue = this.#scene.tracker.pendingAt(BLOCKED).filter((id) => messageTime(id) + deadline <= looked);
          return overdue.length >= BLOCK.messages;
        });
        await this.#watch.look();
      },
      () => looked,
    );
    this.#progress.note(`Blocked ${BLOCKED} until its messages were overdue by their ${deadline / 1000} s`);
  }

  async #whileBlocked(subscriber: string, act: () => Promise<void>, looked?: () => number): Promise<void> {
    const { deployment, environment } = this.#scene;
    const from = environment.now();
    const mend = await this.#sources.pause(deployment.subscribers[subscriber]?.queueUrl ?? '');
    await mended(mend, async () => {
      await act();
      this.blocks.push({ subscriber, from, to: environment.now(), ...(looked && { looked: looked() }) });
    });
  }

  async #receive(): Promise<Message[]> {
    const { sqs } = this.#scene.environment;
    const reply = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: this.#queueUrl,
        MaxNumberOfMessages: 10,
        VisibilityTimeout: HIDDEN_SECONDS,
      }),
    );
    return reply.Messages ?? [];
  }

  /** What is no message of this run is none of the saboteur's business, and neither is what is one too many. */
  async #deleteOrRelease({ Body = '', ReceiptHandle }: Message): Promise<void> {
    const { environment, orders } = this.#scene;
    const envelope = readEnvelope(Body);
    const isOurs = orders.some(({ orderId }) => orderId === envelope?.partitionkey);
    const address = { QueueUrl: this.#queueUrl, ReceiptHandle };
    if (envelope && isOurs && this.stolen.length < STEAL.messages) {
      await environment.sqs.send(new DeleteMessageCommand(address));
      this.stolen.push(envelope.id);
    } else {
      await environment.sqs.send(new ChangeMessageVisibilityCommand({ ...address, VisibilityTimeout: 0 }));
    }
  }

  get #queueUrl(): string {
    return this.#scene.deployment.subscribers[STOLEN_FROM]?.queueUrl ?? '';
  }

  async #until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const { signal } = this.#scene;
    const end = performance.now() + PATIENCE;
    while (!(await isSo())) {
      if (signal.aborted || performance.now() > end) {
        throw new SabotageFailed(`Waited in vain for ${what}: nothing could be broken there`);
      }
      await sleep(PAUSE, undefined, { signal }).catch(() => undefined);
    }
  }
}

async function mended(mend: Mend, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } finally {
    await mend();
  }
}

function readEnvelope(body: string): Envelope | undefined {
  try {
    return decodeEnvelope(body);
  } catch {
    return undefined;
  }
}

/** The orders of one digit, of which there are enough to drop some; and all others. */
function split(orders: readonly ShopOrder[]): {
  readonly forgotten: readonly ShopOrder[];
  readonly others: readonly ShopOrder[];
} {
  const [forgotten = []] = [...Map.groupBy(orders, digitOf).values()]
    .filter((some) => some.length >= DROP)
    .sort((one, other) => one.length - other.length);
  if (orders.length < LEAST_ORDERS || forgotten.length === 0) {
    throw new TooFewOrders(`${orders.length} orders are too few to sabotage: give at least ${LEAST_ORDERS}`);
  }
  return { forgotten, others: orders.filter((order) => !forgotten.includes(order)) };
}

/** The last digit of the ids of an order's messages: it follows from the business key. */
function digitOf(order: ShopOrder | undefined): string {
  return keyShard(order?.orderId ?? '', 16).toString(16);
}

function inPortions<Item>(items: readonly Item[]): (count: number) => Item[] {
  let taken = 0;
  return (count) => {
    const portion = items.slice(taken, taken + count);
    taken += portion.length;
    return portion;
  };
}
