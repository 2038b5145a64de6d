import { type Reconciliation, type TracedMessage, traceKey } from 'waybill/operations';
import { createEnvironment } from 'waybill/runtime';
import { TakePayment } from '../examples/commerce/contract.ts';
import { type Order, placeOrder } from '../examples/commerce/place-order.ts';
import type { Progress } from '../lib/cli/progress.ts';
import { auditRun, stockUpFor } from './audit.ts';
import { type Deployment, inspectionOf, reconcileSince, SUBSCRIBERS } from './deployment.ts';
import type { Scene } from './drills/sabotage.ts';
import { FunctionLogs } from './function-logs.ts';
import { ordersOfRun } from './orders.ts';
import type { PaymentProvider } from './payment-provider.ts';
import { makePoison, type Poison } from './poison.ts';
import { auditProvider, type ProviderAudit } from './provider-audit.ts';
import { inTurn, submitOrders } from './submission.ts';
import { MessageTracker, type TrackedMessage } from './tracker.ts';
import { type Evidence, judge, stoppedOrders, type Verdict } from './verdict.ts';
import { describe, PATIENCE, type Patience, type State, type Watched, watch } from './watch.ts';
import { DeadLetterBox, putOnWire, sendAgain, WireDuplicates } from './wire.ts';

export interface RunOptions {
  readonly deployment: Deployment;
  readonly orders: readonly Order[];
  /** Whom the shop has charge its orders. @default nobody: it sells on account */
  readonly provider?: Pick<PaymentProvider, 'book' | 'troubles' | 'asked' | 'settled'> | undefined;
  /** The share of messages that are sent again, and of orders that are submitted a second time. @default 0 */
  readonly duplicates?: number;
  /** Poison records for each message that is to be expected. @default 0 */
  readonly poison?: number;
  readonly progress: Pick<Progress, 'step' | 'count'>;
  readonly patience?: Patience;
  /** Takes over when which orders are submitted. @default all of them, in turn */
  readonly direct?: (scene: Scene) => Promise<void>;
  /** Ends the run before its time. */
  readonly signal?: AbortSignal;
}

/** A finished run, and everything that it is judged by. */
export interface FinishedRun {
  readonly verdict: Verdict;
  readonly evidence: Evidence;
  readonly reconciliation: Reconciliation;
  /** What the payment provider's own book says, where there is a provider. */
  readonly provider?: ProviderAudit;
  /** What had not come when nothing moved any more. */
  readonly missing: State;
  /** Orders that were not submitted, or of which it is not known whether the shop kept them. */
  readonly unknown: readonly Order[];
  /** Copies with the same id that were sent. */
  readonly copies: number;
  /** From the first order to the last end. */
  readonly milliseconds: number;
}

/**
 * Runs orders through the deployed shop, with copies and poison on the wire, until everything has ended, and judges what
 * came of it. The AWS clients are configured by this process's environment variables.
 *
 * @throws the signal's reason when it is interrupted
 */
export async function runOrders(options: RunOptions): Promise<FinishedRun> {
  const { deployment, duplicates: share = 0, progress, patience = PATIENCE, signal = NEVER } = options;
  // Reading and meddling is not what a message costs: the producer counts for itself.
  const [producer, environment] = [createEnvironment(deployment.variables), createEnvironment(deployment.variables)];
  const started = environment.now();
  const run = `run-${started.toString(36)}`;
  const orders = ordersOfRun(run, options.orders);
  const submissions = inTurn(orders, share);
  const poison = poisonFor(run, options, submissions.length);
  progress.step('Filling the shelves');
  await stockUpFor(orders, { environment });

  const tracker = new MessageTracker(environment, deployment);
  const duplicates = new WireDuplicates(share, sendAgain(environment, deployment));
  const letters = new DeadLetterBox(environment, deployment.subscribers);
  const logs = new FunctionLogs(deployment.logGroups, started);
  const watched: Watched = {
    ...{ tracker, duplicates, letters, logs, poison },
    isUnderWay: async () => isUnderWay(await reconcileSince(deployment, started)),
    report: (state) => progress.count(describe(state, tracker.ended.length)),
  };
  const undecided = new Set<string>();
  const submit = (some: readonly Order[], over: AbortSignal) =>
    submitOrders({
      ...{ orders: some, poison, tracker, signal: over },
      placeOrder: (order) => placeOrder(order, { environment: producer }),
      putOnWire: (one) => putOnWire(environment, deployment, one),
      undecided: ({ orderId }) => undecided.add(orderId),
    });
  const direct = options.direct ?? ((scene) => scene.submit(submissions));
  const scene = { orders: submissions, deployment, tracker, environment };
  const first = performance.now();
  let missing = await watchWhile(
    (over) => direct({ ...scene, signal: over, submit: (some) => submit(some, over) }),
    (isOpen, over) => watch(watched, isOpen, patience, over),
    signal,
  );
  // An order whose outcome was unknown may have been kept: then its message is there, and is expected like any other.
  const found = await Promise.all([...undecided].map((orderId) => messagesOf(deployment, orderId, started)));
  const more = found.flat().filter((message) => tracker.follow(message));
  if (more.length > 0) missing = await watch(watched, () => false, patience, signal);
  signal.throwIfAborted();
  const milliseconds = performance.now() - first;

  progress.step("Reading the shop's books");
  const { ended } = tracker;
  const committed = [...tracker.messages.values()];
  const known = new Set(committed.map(({ orderId }) => orderId));
  const kept = orders.filter(({ orderId }) => known.has(orderId));
  const stopped = stoppedOrders(ended);
  const audit = await auditRun(run, kept, stopped, environment);
  const provider = await auditCharges(options, run, kept, stopped[TakePayment.name]);
  const functions = await logs.poll();
  await letters.release();
  progress.step('Reconciling');
  const reconciliation = await reconcileSince(deployment, started);
  const evidence: Evidence = {
    ...{ subscribers: SUBSCRIBERS, committed, ended, letters: letters.letters, poison, audit, functions },
    ...{ producer: producer.usage, reconciliation },
  };
  const unknown = orders.filter(({ orderId }) => !known.has(orderId));
  const copies = Object.values(duplicates.sent).reduce((sum, count) => sum + count, 0);
  const finished = { verdict: judge(evidence), evidence, reconciliation, missing, unknown, copies, milliseconds };
  return { ...finished, ...(provider && { provider }) };
}

/** Compares the provider's book with the orders that are paid, once it has carried out everything. */
async function auditCharges(
  { provider }: RunOptions,
  run: string,
  kept: readonly Order[],
  unpaid?: ReadonlySet<string>,
): Promise<ProviderAudit | undefined> {
  await provider?.settled();
  const paid = kept.filter(({ orderId }) => !unpaid?.has(orderId));
  return provider && auditProvider(provider, paid, run);
}

const NEVER = new AbortController().signal;

function poisonFor(run: string, { deployment, orders, poison = 0 }: RunOptions, submissions: number): Poison[] {
  const { now, random } = createEnvironment(deployment.variables);
  // Each order's chain is gone through once.
  const published = SUBSCRIBERS.reduce((sum, { publishes }) => sum + publishes.length, 0);
  const subscribers = SUBSCRIBERS.map((definition) => {
    const transport = deployment.subscribers[definition.name]?.streamName ? ('stream' as const) : ('queue' as const);
    return { definition, transport };
  });
  const count = Math.round(poison * (submissions + orders.length * published));
  return makePoison({ run, ledger: deployment.ledger, count, subscribers, now: now(), random });
}

/** Milliseconds by which the clocks of functions and of this machine may differ. */
const SKEW_MS = 60_000;

/** The messages about an order that were committed since a moment. */
async function messagesOf(deployment: Deployment, orderId: string, since: number): Promise<TrackedMessage[]> {
  const below = ({ id, type, subscribers }: TracedMessage): TrackedMessage[] => [
    { id, type, orderId },
    ...subscribers.flatMap(({ published }) => published.flatMap(below)),
  ];
  const environment = createEnvironment(deployment.variables);
  return (await traceKey(environment, inspectionOf(deployment), orderId, since - SKEW_MS)).flatMap(below);
}

/** Whether a message has not ended that is late, or rests, or is within its deadline: nothing that is missing is. */
function isUnderWay({ lines, copies }: Reconciliation): boolean {
  return copies.late > 0 || Object.values(lines).some(({ inFlight, scheduled }) => inFlight + scheduled > 0);
}

/** Whoever ends first because nothing goes on any more ends the other, too. */
async function watchWhile(
  act: (signal: AbortSignal) => Promise<unknown>,
  watching: (isOpen: () => boolean, signal: AbortSignal) => Promise<State>,
  interruption: AbortSignal,
): Promise<State> {
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, interruption]);
  let open = true;
  const watched = watching(() => open, signal).finally(() => over.abort());
  const acted = act(signal)
    .finally(() => {
      open = false;
    })
    .catch((error: unknown) => {
      over.abort();
      throw error;
    });
  // Whichever fails, the other has come to its end, and has put back what it changed.
  await Promise.allSettled([watched, acted]);
  const [missing] = await Promise.all([watched, acted]);
  interruption.throwIfAborted();
  return missing;
}
