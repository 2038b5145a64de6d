import { createEnvironment } from '../../runtime/index.ts';
import { committedMessages } from './committed-messages.ts';
import { DeadLetterBox } from './dead-letter-box.ts';
import { FunctionLogs } from './function-logs.ts';
import { MessageTracker } from './message-tracker.ts';
import { makePoison } from './poison.ts';
import type { Deployment, Shop, ShopOrder } from './shop.ts';
import { inTurn, submitOrders } from './submission.ts';
import { type Evidence, judge, stoppedOrders, type Verdict } from './verdict.ts';
import { PATIENCE, type Patience, type State, watch } from './watch.ts';
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
  readonly report: (what: string) => void;
  readonly patience?: Patience;
}

/** A finished run, and everything that it is judged by. */
export interface FinishedRun {
  readonly run: string;
  readonly verdict: Verdict;
  readonly evidence: Evidence;
  /** What had not come when nothing moved any more. */
  readonly missing: State;
  /** Orders of which it is not known whether the shop kept them. */
  readonly unknown: readonly ShopOrder[];
  /** Copies with the same id that were put on the wire. */
  readonly copies: number;
  /** From the first order to the last end. */
  readonly milliseconds: number;
}

/**
 * Runs orders through the deployed shop, with copies and poison on the wire, until everything has ended, and judges what
 * came of it. The AWS clients are configured by this process's environment variables.
 */
export async function runOrders(options: RunOptions): Promise<FinishedRun> {
  const { shop, deployment, report } = options;
  // Reading and meddling is not what a message costs: the producer counts for itself.
  const producer = createEnvironment(deployment.variables);
  const observer = createEnvironment(deployment.variables);
  const started = observer.now();
  const run = `run-${started.toString(36)}`;
  const orders = shop.ordersOfRun(run, options.orders);
  const orderIds = new Set(orders.map(({ orderId }) => orderId));

  report('Filling the shelves');
  await shop.stockUpFor(orders, { environment: observer });

  const tracker = new MessageTracker(observer, deployment.ledger, shop.SUBSCRIBERS);
  const wire = new Wire(observer, deployment.subscribers);
  const duplicates = new WireDuplicates(options.duplicates, tracker, wire, observer, deployment.ledger);
  const letters = new DeadLetterBox(observer, deployment.subscribers);
  const logs = new FunctionLogs(deployment.logGroups, started);
  const submissions = inTurn(orders, options.duplicates);
  const poison = makePoison({
    run,
    count: Math.round(options.poison * messagesOf(shop, submissions.length, orders.length)),
    subscribers: shop.SUBSCRIBERS.map((definition) => ({
      definition,
      transport: deployment.subscribers[definition.name]?.streamName ? 'stream' : 'queue',
    })),
    now: started,
    random: (bytes) => observer.random(bytes),
  });

  const watched = {
    ...{ tracker, duplicates, letters, logs, poison },
    report: (state: State) => report(describe(state, tracker.ended.length)),
  };
  const patience = options.patience ?? PATIENCE;
  const failed = new AbortController();
  const first = performance.now();
  let open = true;
  let submitted = 0;
  let poisoned = 0;
  const addPoison = (due: number) => {
    for (const { subscriber, bytes } of poison.slice(poisoned, due)) wire.add(subscriber, bytes);
    poisoned = Math.max(poisoned, due);
  };
  const submit = async () => {
    try {
      return await submitOrders(shop, submissions, producer, ({ orderId }, id) => {
        submitted += 1;
        tracker.follow({ id, type: shop.ORDER_TYPE, orderId });
        // Poison comes between the orders, as much of it as of them.
        addPoison(Math.floor((poison.length * submitted) / submissions.length));
      });
    } catch (error) {
      failed.abort();
      throw error;
    } finally {
      addPoison(poison.length);
      open = false;
    }
  };
  let [unknown, missing] = await Promise.all([submit(), watch(watched, () => open, patience, failed.signal)]);

  report('Looking into the outbox');
  const span = { from: started - SKEW, to: observer.now() + SKEW };
  const committed = await committedMessages(observer, deployment, span, orderIds);
  // An order whose outcome was unknown may have been kept: then its message is there, and is expected like any other.
  if (committed.filter((message) => tracker.follow(message)).length > 0) {
    missing = await watch(watched, () => false, patience);
  }
  const milliseconds = performance.now() - first;
  const kept = new Set(committed.map(({ orderId }) => orderId));
  unknown = unknown.filter(({ orderId }) => !kept.has(orderId));

  report("Reading the shop's books");
  const lacking = new Set(unknown.map(({ orderId }) => orderId));
  const known = orders.filter(({ orderId }) => !lacking.has(orderId));
  const audit = await shop.auditRun(run, known, stoppedOrders(tracker.ended), observer);
  const functions = await logs.poll();
  await letters.release();
  const evidence: Evidence = {
    subscribers: shop.SUBSCRIBERS,
    committed,
    ended: tracker.ended,
    letters: letters.letters,
    poison,
    audit,
    functions,
    producer: { calls: producer.usage.calls, writeUnits: producer.usage.writeUnits },
  };
  const copies = Object.values(duplicates.sent).reduce((sum, count) => sum + count, 0);
  return { run, verdict: judge(evidence), evidence, missing, unknown, copies, milliseconds };
}

/** Milliseconds by which the clocks of functions and of this machine may differ. */
const SKEW = 60_000;

/** How many messages the submissions lead to: each order's chain is gone through once. */
function messagesOf(shop: Shop, submissions: number, orders: number): number {
  return submissions + orders * shop.SUBSCRIBERS.reduce((sum, { publishes }) => sum + publishes.length, 0);
}

function describe({ messages, pending, letters, copies }: State, ended: number): string {
  const waiting = [
    pending > 0 && `${pending} to come`,
    letters > 0 && `${letters} dead letters to come`,
    copies > 0 && `${copies} copies to be skipped`,
  ].filter(Boolean);
  return [`${messages} messages committed`, `${ended} ends`, ...waiting].join(', ');
}
