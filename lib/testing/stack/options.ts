import type { BreakerSettings } from '../../contract/breaker.ts';
import type { Duration } from '../../contract/duration.ts';
import type { SagaDefinition } from '../../contract/saga-shape.ts';
import type { ScaleSettings } from '../../contract/scale.ts';
import type { SubscriberDefinition } from '../../contract/subscriber.ts';
import type { Request, SchedulerOptions } from '../engines/index.ts';
import type { LambdaHandler } from '../lambda/index.ts';
import type { Engines } from '../test-environment.ts';
import type { StackClock } from './run.ts';

/** A request that a function of a stack sends. */
export interface StackRequest extends Request {
  /** The function's name; `producer` where a producer sends it, `states` where a state machine does. */
  readonly from: string;
}

/**
 * Carries the requests of a stack's functions to the engines and the answers back. `apply` does what the request says, at
 * once; a wire may call it late, not at all or twice, and may lose the answer: this is where faults are injected.
 */
export type StackWire = (request: StackRequest, apply: () => object) => Promise<object>;

/** What a MemoryStack holds, and how its time passes. */
export interface MemoryStackOptions {
  /** @default none */
  readonly subscribers?: readonly SubscriberDefinition[];
  /**
   * Handlers that `consume` returned, by the subscriber's name, and handlers in place of the framework's own, by the function's name.
   * @default nobody consumes what is sent to the subscriber
   */
  readonly handlers?: Readonly<Record<string, LambdaHandler>>;
  /** The subscribers that read a Kinesis stream, by the stream's name. The others have a queue of their own. @default none */
  readonly streams?: Readonly<Record<string, readonly SubscriberDefinition[]>>;
  /** The subscribers that have a FIFO queue, as a FifoChannel gives them. @default none */
  readonly fifo?: readonly SubscriberDefinition[];
  /**
   * The keys by which the ledger signs its messages, by their ids, the newest last; and the subscribers that take no others, by name.
   * @default it signs none
   */
  readonly signing?: { readonly keys: Readonly<Record<string, string>>; readonly verifiedBy?: readonly string[] };
  /** The handler that `checkBack` returned: it is asked for half messages that were left undecided. @default nobody answers */
  readonly checkBack?: LambdaHandler;
  /** The breakers of subscribers, by their names: what is not given is as `BREAKER_DEFAULTS` says. @default none has one */
  readonly breakers?: Readonly<Record<string, Partial<BreakerSettings>>>;
  /** The subscribers that scale, by their names: what is not given is as `SCALE_DEFAULTS` says. @default none does */
  readonly scales?: Readonly<Record<string, Partial<ScaleSettings>>>;
  /** Whether subscribers are watched every 5 seconds, as a LedgerWatcher does. @default false */
  readonly watched?: boolean;
  /** Milliseconds until a change of an event source takes effect. @default at once */
  readonly sourceLag?: () => number;
  /** Sagas: their state machines, with their starters and keepers. Their steps are among `subscribers`. @default none */
  readonly sagas?: readonly SagaDefinition[];
  /** How long an invocation of a subscriber's function may take. @default '10s' */
  readonly timeout?: Duration;
  /** How long the queue of a subscriber keeps a message. @default '14d' */
  readonly retention?: Duration;
  /** Of the ledger: reconciler and sweep read each of them every minute. @default 2 */
  readonly shards?: number;
  /**
   * Shards that one run of the reconciler compares: with more, runs share them by the queue `reconciler`.
   * @default one run compares all
   */
  readonly shardsARun?: number;
  /** The name of the ledger's table. @default 'waybill-ledger' */
  readonly ledger?: string;
  /**
   * Gives each message that is due in more than 15 minutes a schedule of EventBridge Scheduler, with these settings of the
   * engine. @default messages are swept
   */
  readonly schedules?: Partial<SchedulerOptions>;
  /** Carries the requests of all functions. @default answers at once */
  readonly wire?: StackWire;
  /** @default a virtual clock at 2026-01-01T00:00:00Z that jumps over whatever functions wait for */
  readonly clock?: StackClock;
  /** Of all randomness: ids, tokens, jitter. @default 1 */
  readonly seed?: number;
  /** Engines that others use too. @default engines with nothing in them */
  readonly engines?: Engines;
}
