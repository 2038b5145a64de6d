import { createEnvironment, type Environment } from 'waybill/runtime';
import type { Progress } from '../lib/cli/progress.ts';
import { committedMessages } from './committed-messages.ts';
import { DeadLetterBox } from './dead-letter-box.ts';
import { FunctionLogs } from './function-logs.ts';
import { MessageTracker, type TrackedMessage } from './message-tracker.ts';
import { makePoison, type Poison } from './poison.ts';
import type { Scene } from './sabotage.ts';
import type { Deployment, Shop, ShopOrder } from './shop.ts';
import { inTurn, submitOrders } from './submission.ts';
import { type Evidence, judge, stoppedOrders, type Verdict } from './verdict.ts';
import { PATIENCE, type Patience, type State, type Watched, watch } from './watch.ts';
import { Wire } from './wire.ts';
import { WireDuplicates } from './wire-duplicates.ts';

export interface RunOptions {
  readonly shop: Shop;
  readonly deployment: Deployment;
  readonly orders: readonly ShopOrder[];
  /** The share of messages that are sent again on the wire, and of orders that are submitted a second time. */
  readonly duplicates: number;
  /** Poison records for each message that is to be expected. */
  readonly poison: number;
  readonly progress: Pick<Progress, 'step' | 'count'>;
  readonly patience?: Patience;
  /** Takes over when which orders are submitted. @default all of them, in turn */
  readonly direct?: (scene: Scene) => Promise<void>;
  /** Ends the run before its time. */
  readonly signal?: AbortSignal;
}

/** A finished run, and everything that it is judged by. */
export interface FinishedRun {
  readonly run: string;
  /** When it began, in milliseconds since the epoch. */
  readonly started: number;
  readonly verdict: Verdict;
  readonly evidence: Evidence;
  /** What had not come when nothing moved any more. */
  readonly missing: State;
  /** Orders that were not submitted, or of which it is not known whether the shop kept them. */
  readonly unknown: readonly ShopOrder[];
  /** Copies with the same id that were put on the wire. */
  readonly copies: number;
  /** From the first order to the last end. */
  readonly milliseconds: number;
}

/** Milliseconds by which the clocks of functions and of this machine may differ. */
const SKEW = 60_000;

/**
 * Runs orders through the deployed shop, with copies and poison on the wire, until everything has ended, and judges what
 * came of it. The AWS clients are configured by this process's environment variables.
 *
 * @throws the signal's reason when it is interrupted
 */
export async function runOrders(options: RunOptions): Promise<FinishedRun> {
  const { shop, deployment, progress, patience = PATIENCE, signal } = options;
  // Reading and meddling is not what a message costs: the producer counts for itself.
  const producer = createEnvironment(deployment.variables);
  const observer = createEnvironment(deployment.variables);
  const started = observer.now();
  const run = `run-${started.toString(36)}`;
  const orders = shop.ordersOfRun(run, options.orders);
  const submissions = inTurn(orders, options.duplicates);
  const poison = poisonFor(run, options, submissions.length, observer);

  progress.step('Filling the shelves');
  await shop.stockUpFor(orders, { environment: observer });

  const tracker = new MessageTracker(observer, deployment.ledger, shop.SUBSCRIBERS);
  const wire = new Wire(observer, deployment.subscribers);
  const duplicates = new WireDuplicates(options.duplicates, tracker, wire, observer, deployment.ledger);
  const letters = new DeadLetterBox(observer, deployment.subscribers);
  const logs = new FunctionLogs(deployment.logGroups, started);
  const watched: Watched = {
    ...{ tracker, duplicates, letters, logs, wire, poison },
    report: (state) => progress.count(describe(state, tracker.ended.length)),
  };
  const first = performance.now();
  const submission = { shop, poison, wire, tracker, environment: producer };
  let missing = await submitAndWatch(
    async (over) => {
      const submit = (some: readonly ShopOrder[]) => submitOrders({ ...submission, orders: some, signal: over });
      const scene: Scene = { orders: submissions, deployment, tracker, environment: observer, signal: over, submit };
      await (options.direct ? options.direct(scene) : submit(submissions));
    },
    watched,
    patience,
    signal,
  );
  signal?.throwIfAborted();

  const committed = await committedMessages(
    observer,
    deployment,
    { from: started - SKEW, to: observer.now() + SKEW },
    new Set(orders.map(({ orderId }) => orderId)),
  );
  // An order whose outcome was unknown may have been kept: then its message is there, and is expected like any other.
  if (followAll(tracker, committed)) missing = await watch(watched, () => false, patience, signal);
  signal?.throwIfAborted();
  const milliseconds = performance.now() - first;

  progress.step("Reading the shop's books");
  const known = new Set([...tracker.messages.values()].map(({ orderId }) => orderId));
  const [kept, unknown] = partition(orders, ({ orderId }) => known.has(orderId));
  const audit = await shop.auditRun(run, kept, stoppedOrders(tracker.ended), observer);
  const functions = await logs.poll();
  await letters.release();
  const evidence: Evidence = {
    ...{
      subscribers: shop.SUBSCRIBERS,
      committed,
      ended: tracker.ended,
      letters: letters.letters,
      poison,
      audit,
      functions,
    },
    producer: producer.usage,
  };
  const copies = Object.values(duplicates.sent).reduce((sum, count) => sum + count, 0);
  return { run, started, verdict: judge(evidence), evidence, missing, unknown, copies, milliseconds };
}

/** Whoever ends first because nothing goes on any more ends the other, too. */
async function submitAndWatch(
  submit: (signal: AbortSignal) => Promise<void>,
  watched: Watched,
  patience: Patience,
  interruption: AbortSignal | undefined,
): Promise<State> {
  const over = new AbortController();
  const signal = interruption ? AbortSignal.any([over.signal, interruption]) : over.signal;
  let open = true;
  const watching = watch(watched, () => open, patience, signal).finally(() => over.abort());
  const submitting = submit(signal).then(
    () => {
      open = false;
    },
    (error: unknown) => {
      over.abort();
      throw error;
    },
  );
  // Whichever fails, the other has come to its end, and has put back what it changed.
  await Promise.allSettled([watching, submitting]);
  const [missing] = await Promise.all([watching, submitting]);
  return missing;
}

function poisonFor(
  run: string,
  { shop, deployment, orders, poison }: RunOptions,
  submissions: number,
  { now, random }: Environment,
): Poison[] {
  // Each order's chain is gone through once.
  const messages =
    submissions + orders.length * shop.SUBSCRIBERS.reduce((sum, { publishes }) => sum + publishes.length, 0);
  return makePoison({
    run,
    count: Math.round(poison * messages),
    subscribers: shop.SUBSCRIBERS.map((definition) => ({
      definition,
      transport: deployment.subscribers[definition.name]?.streamName ? 'stream' : 'queue',
    })),
    now: now(),
    random,
  });
}

/** Whether one of the messages was not followed before. */
function followAll(tracker: MessageTracker, messages: readonly TrackedMessage[]): boolean {
  return messages.filter((message) => tracker.follow(message)).length > 0;
}

function partition<Item>(items: readonly Item[], belongs: (item: Item) => boolean): [Item[], Item[]] {
  return [items.filter(belongs), items.filter((item) => !belongs(item))];
}

function describe({ messages, pending, letters, copies }: State, ended: number): string {
  const waiting = [
    pending > 0 && `${pending} to come`,
    letters > 0 && `${letters} dead letters to come`,
    copies > 0 && `${copies} copies to be skipped`,
  ].filter(Boolean);
  return [`${messages} messages committed`, `${ended} ends`, ...waiting].join(', ');
}
