import type { Model, Transition } from './explore.ts';

/** How the order of a key is kept; what is not said is as Waybill does it. */
export interface OrderVariant {
  /** A message that is due commits without asking whether others are parked. @default it asks */
  readonly pastTheParked?: boolean;
  /** A message is parked whatever became of the fence since it was seen. @default on condition that it has not moved */
  readonly parksBlindly?: boolean;
  /** Who finds that its message had ended sends nobody. @default it passes the baton */
  readonly noBatonOnAlready?: boolean;
  /** What is cancelled before its turn leaves nothing. @default a row by which it is passed over */
  readonly cancelsWithoutPass?: boolean;
  /** A skipped message that is sent again takes effect. @default it is overtaken */
  readonly redrivesTheSkipped?: boolean;
  /** A handler that throws before its turn has failed. @default nothing counts before its turn */
  readonly countsWhileEarly?: boolean;
  /** What came while the subscriber was away is waited for. @default it is looked behind */
  readonly waitsForTheAway?: boolean;
}

export interface OrderBudget {
  readonly messages: number;
  readonly crashes: number;
  /** Copies that are delivered twice. */
  readonly duplicates: number;
  /** The message whose handler fails, until somebody sends it again. */
  readonly poison?: number;
  /** What those behind a dead message do. @default 'block' */
  readonly onDead?: 'block' | 'skip';
  /** What an operator, a producer or the reconciler does once, at any moment. @default only a redrive of what is dead */
  readonly operation?: 'cancel' | 'expire' | 'skip';
  /** The message that is cancelled, or expires. */
  readonly of?: number;
  /** The message that came while the subscriber was away: removed, and added again. */
  readonly away?: number;
}

type End = 'handled' | 'cancelled' | 'dead' | 'expired' | null;

interface ParkRow {
  readonly after: number;
  readonly pass: boolean;
}

/** A process, and the call that it sends next. */
interface Worker {
  readonly at: 'commit' | 'commit-parked' | 'bury' | 'park' | 'drain' | 'end' | 'acknowledge';
  readonly message: number;
  /** The fence as it was looked at last. */
  readonly seen: number;
  /** Whether its own park row was there. */
  readonly unparks: boolean;
}

interface State {
  /** The number of the message that ended last. */
  readonly last: number;
  /** By number. */
  readonly park: readonly (ParkRow | null)[];
  readonly ends: readonly End[];
  /** Copies in the queue, by number. */
  readonly queue: readonly number[];
  readonly workers: readonly (Worker | null)[];
  readonly effects: readonly number[];
  readonly crashes: number;
  readonly duplicates: number;
  readonly redriven: boolean;
  readonly operated: boolean;
}

const WORKERS = 2;

/** One key with a few messages, a queue that delivers in any order, two workers and a few faults: every order of their steps. */
export function orderModel(variant: OrderVariant, budget: OrderBudget): Model<State> {
  const { messages, poison, onDead = 'block', operation, of, away } = budget;
  const numbers = Array.from({ length: messages }, (_, index) => index + 1).filter((one) => one !== away);
  const filled = <Value>(value: Value) => Array.from({ length: messages + 1 }, () => value);
  const guessed = (message: number) => message - 1;
  const predecessor = (message: number) =>
    variant.waitsForTheAway ? guessed(message) : (numbers.filter((one) => one < message).at(-1) ?? 0);

  const initial: State = {
    last: 0,
    park: filled<ParkRow | null>(null),
    ends: filled<End>(null),
    queue: filled(0).map((_, one) => (numbers.includes(one) ? 1 : 0)),
    workers: Array.from({ length: WORKERS + 1 }, () => null),
    effects: [],
    crashes: budget.crashes,
    duplicates: budget.duplicates,
    redriven: false,
    operated: false,
  };

  function* environment(state: State): Iterable<Transition<State>> {
    for (const one of numbers) {
      const copies = state.queue[one] ?? 0;
      if (state.duplicates > 0 && copies === 1) {
        const to = { ...state, queue: put(state.queue, one, 2), duplicates: state.duplicates - 1 };
        yield { step: `duplicate ${one}`, to };
      }
      for (let worker = 0; worker < WORKERS; worker++) {
        if (copies === 0 || state.workers[worker]) continue;
        const taken = { ...state, queue: put(state.queue, one, copies - 1) };
        yield {
          step: `receive ${one}`,
          to: at(taken, worker, { at: 'commit', message: one, seen: 0, unparks: false }),
        };
      }
    }
    if (poison !== undefined && state.ends[poison] === 'dead' && !state.redriven) {
      yield { step: 'redrive', to: { ...sent(state, poison), redriven: true } };
    }
    const target = operation === 'skip' ? poison : of;
    if (!operation || state.operated || target === undefined) return;
    if (operation === 'skip' ? state.ends[target] === 'dead' : state.ends[target] === null) {
      const worker: Worker = { at: 'end', message: target, seen: state.last, unparks: state.park[target] !== null };
      yield { step: operation, to: at({ ...state, operated: true }, WORKERS, worker) };
    }
  }

  function* stepsOf(state: State, index: number, worker: Worker): Iterable<Transition<State>> {
    const { at: call, message, seen, unparks } = worker;
    const go = (to: State, next: Worker['at'] | null, more: Partial<Worker> = {}) => ({
      step: `${index === WORKERS ? operation : `worker ${index}`} ${call} ${message}`,
      to: at(to, index, next && { ...worker, ...more, at: next }),
    });
    if (state.crashes > 0 && index < WORKERS) {
      const back = { ...state, queue: put(state.queue, message, (state.queue[message] ?? 0) + 1) };
      yield { step: `worker ${index} dies`, to: at({ ...back, crashes: state.crashes - 1 }, index, null) };
    }
    const look = () => lookAt(state, worker, go);
    const end = state.ends[message] ?? null;
    const isOpen = end === null || (end === 'dead' && state.redriven);
    const fails = message === poison && !state.redriven;
    const parked = state.park.some((row) => row !== null);
    switch (call) {
      case 'commit': {
        if (!isOpen) yield go(state, variant.noBatonOnAlready ? 'acknowledge' : 'drain');
        else if (fails && variant.countsWhileEarly)
          yield go({ ...state, ends: put(state.ends, message, 'dead') }, 'acknowledge');
        else if (fails) yield look();
        else if (state.last >= guessed(message) && state.last < message && (!parked || variant.pastTheParked))
          yield go(handled(state, message), 'acknowledge');
        else yield look();
        return;
      }
      case 'commit-parked': {
        const isDue = state.last >= predecessor(message) && state.last < message;
        const isThere = !unparks || state.park[message] !== null;
        if (!isOpen) yield go(state, 'drain');
        else if (!isDue || !isThere) yield look();
        else yield go(handled(unparks ? unparked(state, message) : state, message), 'drain');
        return;
      }
      case 'bury': {
        if (!isOpen) yield go(state, 'drain');
        else if (state.last !== seen || (unparks && !state.park[message])) yield look();
        else {
          const free = unparks ? unparked(state, message) : state;
          const dead = { ...free, ends: put(free.ends, message, 'dead' as End) };
          yield go(onDead === 'skip' ? { ...dead, last: message } : dead, onDead === 'skip' ? 'drain' : 'acknowledge');
        }
        return;
      }
      case 'park': {
        if (unparks) yield go(state, 'drain');
        else if ((state.last !== seen && !variant.parksBlindly) || state.park[message]) yield look();
        else
          yield go(
            { ...state, park: put(state.park, message, { after: predecessor(message), pass: false }) },
            'acknowledge',
          );
        return;
      }
      case 'end':
        yield* endStep(state, worker, go);
        return;
      case 'drain':
        yield drainStep(state, worker, go, index);
        return;
      case 'acknowledge':
        yield go(state, null);
    }
  }

  type Go = (to: State, next: Worker['at'] | null, more?: Partial<Worker>) => Transition<State>;

  function lookAt(state: State, { message }: Worker, go: Go): Transition<State> {
    const found = { seen: state.last, unparks: state.park[message] !== null };
    if (state.last >= message) {
      if (variant.redrivesTheSkipped && state.ends[message] === 'dead')
        return go(
          { ...state, ends: put(state.ends, message, 'handled' as End), effects: [...state.effects, message] },
          'acknowledge',
        );
      return go({ ...state, ends: put(state.ends, message, state.ends[message] ?? 'dead') }, 'drain', found);
    }
    if (state.last < predecessor(message)) return go(state, 'park', found);
    const fails = message === poison && !state.redriven;
    return go(state, fails ? 'bury' : 'commit-parked', found);
  }

  /** What somebody else than the subscriber ends: a cancel, an expiry, a skip. */
  function* endStep(state: State, { message, seen, unparks }: Worker, go: Go): Iterable<Transition<State>> {
    const isOpen = operation === 'skip' ? state.ends[message] === 'dead' : state.ends[message] === null;
    if (!isOpen) {
      yield go(state, null);
      return;
    }
    if (state.last !== seen || (state.park[message] !== null) !== unparks) {
      yield go(state, 'end', { seen: state.last, unparks: state.park[message] !== null });
      return;
    }
    const end: End = operation === 'cancel' ? 'cancelled' : operation === 'expire' ? 'expired' : 'dead';
    const ended = { ...state, ends: put(state.ends, message, end) };
    if (state.last >= message) yield go(ended, null);
    else if (state.last >= predecessor(message))
      yield go({ ...(unparks ? unparked(ended, message) : ended), last: message }, 'drain');
    else if (variant.cancelsWithoutPass) yield go(unparks ? unparked(ended, message) : ended, null);
    else yield go({ ...ended, park: put(ended.park, message, { after: predecessor(message), pass: true }) }, 'drain');
  }

  function drainStep(state: State, { message }: Worker, go: Go, index: number): Transition<State> {
    const done: Worker['at'] | null = index === WORKERS ? null : 'acknowledge';
    const first = state.park.findIndex((row) => row !== null);
    const row = state.park[first];
    if (!row) return go(state, done);
    const end = state.ends[first] ?? null;
    if (first <= state.last) return go(unparked(state, first), 'drain');
    if (row.after > state.last) return go(state, done);
    const isOwn = first === message && end !== null && index < WORKERS;
    if (row.pass || (isOwn && !(end === 'dead' && onDead === 'block')))
      return go({ ...unparked(state, first), last: first }, 'drain');
    if (isOwn) return go(unparked(state, first), 'drain');
    return go(sent(state, first), done);
  }

  return {
    initial,
    steps: (state) => [
      ...environment(state),
      ...state.workers.flatMap((worker, index) => (worker ? [...stepsOf(state, index, worker)] : [])),
    ],
    broken: (state) => {
      const { effects, ends, queue, workers, park, redriven } = state;
      const newest = effects.at(-1) ?? 0;
      if (effects.slice(0, -1).some((one) => one >= newest))
        return `${newest} took effect after ${effects.slice(0, -1)}`;
      const waits = numbers.find((one) => one < newest && blocks(ends[one] ?? null, one, state));
      if (waits !== undefined) return `${newest} took effect while ${waits} had not ended`;
      const early = numbers.find(
        (one) => ends[one] === 'dead' && (ends[predecessor(one)] ?? null) === null && predecessor(one) > 0,
      );
      if (early !== undefined) return `${early} died before its turn`;
      const isQuiet = queue.every((copies) => copies === 0) && workers.every((worker) => worker === null);
      if (!isQuiet || (poison !== undefined && ends[poison] === 'dead' && !redriven)) return undefined;
      const open = numbers.filter((one) => ends[one] === null);
      if (open.length > 0) return `${open} never ended`;
      return park.some((row) => row !== null) ? 'something is parked for ever' : undefined;
    },
  };

  /** Whether a message that ended so, or has not, keeps those behind it from taking effect. */
  function blocks(end: End, message: number, { operated }: State): boolean {
    if (end === null) return true;
    const isSkipped = onDead === 'skip' || (operation === 'skip' && operated && message === poison);
    return end === 'dead' && !isSkipped;
  }
}

function put<Value>(list: readonly Value[], place: number, value: Value): Value[] {
  return list.map((one, index) => (index === place ? value : one));
}

function at(state: State, index: number, worker: Worker | null): State {
  return { ...state, workers: put(state.workers, index, worker) };
}

function handled(state: State, message: number): State {
  return {
    ...state,
    last: message,
    ends: put(state.ends, message, 'handled' as End),
    effects: [...state.effects, message],
  };
}

function unparked(state: State, message: number): State {
  return { ...state, park: put(state.park, message, null) };
}

/** Two copies stand for any number of them. */
function sent(state: State, message: number): State {
  return { ...state, queue: put(state.queue, message, Math.min(2, (state.queue[message] ?? 0) + 1)) };
}
