import { PRODUCER, RELAY, type Site } from '../../lib/simulator/faults/site.ts';
import type { Model, Transition } from './explore.ts';

/** How outbox, relay and inbox work together; what is not said is as Waybill does it. */
export interface Variant {
  /** The inbox row is written after the effect, in a transaction of its own. @default together */
  readonly markerApart?: boolean;
  /** The inbox row is put without a condition. @default on condition that there is none */
  readonly unconditional?: boolean;
  /** The inbox row may be gone while copies are still there. @default it outlives them */
  readonly expiring?: boolean;
  /** A message is deleted before its transaction is committed. @default after */
  readonly acknowledgedFirst?: boolean;
  /** The relay goes on where a copy could not be sent. @default the batch comes again */
  readonly failureSwallowed?: boolean;
  /** The relay writes its receipt first, and sends nothing that has one. @default it sends, then writes */
  readonly receiptFirst?: boolean;
}

/** What may go wrong, and how often. */
export interface Budget {
  readonly messages: number;
  readonly crashes: number;
  /** Copies that become visible while they are handled. */
  readonly redeliveries: number;
  readonly failedSends: number;
}

interface Worker {
  readonly message: number;
  /** What it has done of its message. */
  readonly done: 'received' | 'checked' | 'effect' | 'acknowledged' | 'committed';
  /** Whether its copy has become visible to others. */
  readonly lapsed: boolean;
}

interface State {
  /** Messages that were committed: those below it. */
  readonly committed: number;
  /** Records of the stream that the relay is done with. */
  readonly checkpoint: number;
  /** What the relay has done of the record at the checkpoint. */
  readonly relay: 'idle' | 'received' | 'receipt' | 'sent';
  readonly receipts: readonly boolean[];
  /** Visible copies of each message. */
  readonly queue: readonly number[];
  readonly workers: readonly (Worker | null)[];
  readonly inbox: readonly boolean[];
  /** How often each message took effect. */
  readonly effects: readonly number[];
  readonly crashes: number;
  readonly redeliveries: number;
  readonly failedSends: number;
}

const WORKERS = 2;
/** The subscriber's function. */
const CONSUMER = 'consumer';

/** The steps of the model are the simulator's sites: `relay.SendMessageBatch` here is what it is there. */
export const MODEL_STEPS = {
  commit: `${PRODUCER}.TransactWriteItems.outbox`,
  relayReceives: `${RELAY}.GetRecords`,
  send: `${RELAY}.SendMessageBatch`,
  receipt: `${RELAY}.PutItem.receipt`,
  receive: `${CONSUMER}.ReceiveMessage`,
  read: `${CONSUMER}.GetItem.inbox`,
  consume: `${CONSUMER}.TransactWriteItems.inbox`,
  end: `${CONSUMER}.PutItem.inbox`,
  acknowledge: `${CONSUMER}.DeleteMessageBatch`,
} as const satisfies Record<string, Site>;

/** Outbox, relay and inbox with a few messages, two workers and a few faults: every order of their steps. */
export function outboxModel(variant: Variant, budget: Budget): Model<State> {
  const none = Array.from({ length: budget.messages }, () => 0);
  return {
    initial: {
      committed: 0,
      checkpoint: 0,
      relay: 'idle',
      receipts: none.map(() => false),
      queue: none,
      workers: Array.from({ length: WORKERS }, () => null),
      inbox: none.map(() => false),
      effects: none,
      crashes: budget.crashes,
      redeliveries: budget.redeliveries,
      failedSends: budget.failedSends,
    },
    steps: (state) => [
      ...producerSteps(state, budget),
      ...relaySteps(state, variant),
      ...state.workers.flatMap((worker, place) => workerSteps(state, worker, place, variant)),
      ...expirySteps(state, variant),
    ],
    broken: (state) => doubled(state) ?? lost(state, budget),
  };
}

function doubled({ effects }: State): string | undefined {
  const message = effects.findIndex((count) => count > 1);
  return message < 0 ? undefined : `message ${message} took effect ${effects[message]} times`;
}

/** Nothing is left to do, and a message that was committed took no effect. */
function lost(state: State, { messages }: Budget): string | undefined {
  const { committed, checkpoint, relay, queue, workers, effects } = state;
  const isAtRest =
    committed === messages &&
    checkpoint === messages &&
    relay === 'idle' &&
    queue.every((count) => count === 0) &&
    workers.every((worker) => worker === null);
  const message = isAtRest ? effects.indexOf(0) : -1;
  return message < 0 ? undefined : `message ${message} took no effect`;
}

function producerSteps(state: State, { messages }: Budget): Transition<State>[] {
  if (state.committed === messages) return [];
  return [{ step: MODEL_STEPS.commit, to: { ...state, committed: state.committed + 1 } }];
}

function relaySteps(state: State, { failureSwallowed, receiptFirst }: Variant): Transition<State>[] {
  const { relay, checkpoint: message, committed, queue, receipts, crashes, failedSends } = state;
  const steps: Transition<State>[] = [];
  const add = (step: string, change: Partial<State>) => steps.push({ step, to: { ...state, ...change } });
  const done = { relay: 'idle', checkpoint: message + 1 } as const;
  const sent = { queue: replaced(queue, message, (queue[message] ?? 0) + 1) };
  const written = { receipts: replaced(receipts, message, true) };
  if (relay === 'idle' && message < committed) {
    const skips = receiptFirst && receipts[message];
    add(MODEL_STEPS.relayReceives, skips ? done : { relay: 'received' });
  }
  const sends = receiptFirst ? relay === 'receipt' : relay === 'received';
  const writes = receiptFirst ? relay === 'received' : relay === 'sent';
  // More copies than workers show nothing new.
  if (sends && (queue[message] ?? 0) <= WORKERS) {
    add(MODEL_STEPS.send, { ...sent, ...(receiptFirst ? done : { relay: 'sent' }) });
    if (failedSends > 0) {
      const next = failureSwallowed ? { relay: 'sent' as const } : { relay: 'idle' as const };
      add(`${MODEL_STEPS.send} fails`, { ...next, failedSends: failedSends - 1 });
    }
  }
  if (writes) add(MODEL_STEPS.receipt, { ...written, ...(receiptFirst ? { relay: 'receipt' } : done) });
  if (relay !== 'idle' && crashes > 0) add(`${RELAY} crashes`, { relay: 'idle', crashes: crashes - 1 });
  return steps;
}

function workerSteps(state: State, worker: Worker | null, place: number, variant: Variant): Transition<State>[] {
  const { queue, inbox, effects, crashes, redeliveries } = state;
  const steps: Transition<State>[] = [];
  const add = (step: string, next: Worker | null, change: Partial<State> = {}) =>
    steps.push({ step, to: { ...state, workers: replaced(state.workers, place, next), ...change } });
  if (!worker) {
    for (const [message, count] of queue.entries()) {
      if (count === 0) continue;
      const received: Worker = { message, done: 'received', lapsed: false };
      add(MODEL_STEPS.receive, received, { queue: replaced(queue, message, count - 1) });
    }
    return steps;
  }
  const { message, done, lapsed } = worker;
  const back = { queue: replaced(queue, message, (queue[message] ?? 0) + 1) };
  const effect = { effects: replaced(effects, message, (effects[message] ?? 0) + 1) };
  const marked = { inbox: replaced(inbox, message, true) };
  const isDeleted = done === 'acknowledged';
  const ready = variant.acknowledgedFirst ? 'acknowledged' : 'received';

  if (variant.acknowledgedFirst && done === 'received')
    add(MODEL_STEPS.acknowledge, { ...worker, done: 'acknowledged' });
  if (variant.markerApart && done === ready) {
    add(MODEL_STEPS.read, { ...worker, done: inbox[message] ? 'committed' : 'checked' });
  }
  if (variant.markerApart && done === 'checked') add(MODEL_STEPS.consume, { ...worker, done: 'effect' }, effect);
  if (variant.markerApart && done === 'effect') add(MODEL_STEPS.end, { ...worker, done: 'committed' }, marked);
  if (!variant.markerApart && done === ready) {
    const isNew = variant.unconditional || !inbox[message];
    add(MODEL_STEPS.consume, { ...worker, done: 'committed' }, isNew ? { ...effect, ...marked } : {});
  }
  // A copy that others may see is not deleted by this worker's receipt.
  if (done === 'committed') add(MODEL_STEPS.acknowledge, null);
  if (crashes > 0) {
    add(`${CONSUMER} crashes`, null, { crashes: crashes - 1, ...(isDeleted || lapsed ? {} : back) });
  }
  if (redeliveries > 0 && !lapsed && !isDeleted) {
    add(`${CONSUMER}.received again`, { ...worker, lapsed: true }, { ...back, redeliveries: redeliveries - 1 });
  }
  return steps;
}

function expirySteps(state: State, { expiring }: Variant): Transition<State>[] {
  if (!expiring) return [];
  return state.inbox.flatMap((isThere, message) =>
    isThere ? [{ step: 'the inbox row expires', to: { ...state, inbox: replaced(state.inbox, message, false) } }] : [],
  );
}

function replaced<Value>(values: readonly Value[], place: number, value: Value): Value[] {
  return values.toSpliced(place, 1, value);
}
