import type { Environment } from '../aws/environment.ts';
import type { BreakerSettings } from '../contract/breaker.ts';
import { type Duration, durationToMilliseconds } from '../contract/duration.ts';
import type { EventDefinition, EventInput } from '../contract/event.ts';
import { LIMITS } from '../contract/limits.ts';
import { starterName, waiterName } from '../contract/saga-settings.ts';
import type { SagaDefinition } from '../contract/saga-shape.ts';
import type { ScaleSettings } from '../contract/scale.ts';
import type { SubscriberDefinition } from '../contract/subscriber.ts';
import type { AnyTable, TableItem } from '../contract/table.ts';
import type { CheckBackHandler } from '../half/check-back.ts';
import { publish } from '../publish/publish.ts';
import type { ConsumerHandler } from '../testing/invocation.ts';
import type { AnyTestService } from '../testing/service.ts';
import type { MemoryStackOptions } from '../testing/stack/options.ts';
import { subscribersOfSaga } from '../testing/stack/sagas.ts';
import type { RunState } from './run/run-state.ts';

/** What producers do: one step of a workload. It may run several times, as a customer may press a button twice. */
export type WorkloadStep = RunStep | DescribedStep;

/** What a producer's function does when it is asked for a step. What it answers, ids of messages, must have been committed. */
export type RunStep = (options: {
  readonly environment: Environment;
  /** Of what comes of a step later: what the step has answered. */
  readonly answer?: unknown;
}) => Promise<unknown> | unknown;

/** A step of which more is known. */
export interface DescribedStep {
  readonly run: RunStep;
  /** No certificate may leave the step out: it is counted under this name among the faults. */
  readonly trait?: string;
  /** The event that it publishes. */
  readonly publishes?: EventDefinition;
  /** Whether it calls `effect`: what can go wrong with a request to a service is planned at the producer, too. @default false */
  readonly effects?: boolean;
  /** In which modes it sends, beside `publish` at once: what can go wrong there is planned. @default none */
  readonly sends?: readonly SendingMode[];
  /** What producers do a while later because of it, e.g. cancel what they have sent. */
  readonly later?: { readonly after: Duration; readonly run: RunStep };
}

/**
 * How a message is sent: by `delay`, of up to 15 minutes; by `wait`, longer; by `handshake`; by `half` message, whose local
 * transaction may be `held` open for seconds, and of which some may be left to `quarantine`; and messages that are cancelled or
 * rescheduled.
 */
export type SendingMode = 'delay' | 'wait' | 'handshake' | 'half' | 'held' | 'quarantine' | 'cancel' | 'reschedule';

/** The modes in which a workload sends. */
export function sendingModesOf({ workload }: Pick<System, 'workload'>): ReadonlySet<SendingMode> {
  return new Set(workload.flatMap((step) => describedStep(step).sends ?? []));
}

/**
 * A step that sends in another mode than by `publish` at once: by `producer.send`, with a delay, as a half message …
 *
 * @param later what producers do a while later because of it
 * @example bySending(['handshake'], ({ environment }) => producer.send(OrderPlaced, order, { environment }))
 */
export function bySending(sends: readonly SendingMode[], run: RunStep, later?: DescribedStep['later']): DescribedStep {
  return { sends, run, ...(later && { later }) };
}

/** A step that must have been run, under a name of its own, e.g. a kind of message that is sent in a mode of its own. */
export function withTrait(trait: string, run: RunStep): DescribedStep {
  return { trait, run };
}

/** A step, with what is known of it. */
export function describedStep(step: WorkloadStep): DescribedStep {
  return typeof step === 'function' ? { run: step } : step;
}

/**
 * A step that publishes one message.
 *
 * @param delay after which it is delivered. @default at once
 */
export function publishing<Event extends EventDefinition>(
  event: Event,
  payload: EventInput<Event>,
  delay?: Duration,
): DescribedStep {
  if (delay === undefined) return { publishes: event, run: (options) => publish(event, payload, options) };
  const mode = durationToMilliseconds(delay) > LONGEST_QUEUE_DELAY_MS ? 'wait' : 'delay';
  const run: RunStep = (options) => publish<EventDefinition>(event, payload, { ...options, delay });
  return { publishes: event, sends: [mode], run };
}

/** What SQS can delay a message by, in milliseconds. */
const LONGEST_QUEUE_DELAY_MS = LIMITS.queueDelaySeconds * 1_000;

/** Rows that a business table has when a run begins. */
export interface InitialRows {
  readonly table: AnyTable;
  readonly rows: readonly unknown[];
}

/** Rows that a business table has when a run begins. */
export function startingWith<Table extends AnyTable>(table: Table, rows: readonly TableItem<Table>[]): InitialRows {
  return { table, rows };
}

/** A subscriber that takes the place of another one. */
export interface Successor {
  readonly subscriber: SubscriberDefinition;
  readonly handler: ConsumerHandler;
}

/** A system of subscribers that is simulated: the framework around it is deployed as its constructs deploy it. */
export interface System {
  readonly subscribers: readonly SubscriberDefinition[];
  /** What `consume` returns, by the subscriber's name. */
  readonly handlers: Readonly<Record<string, ConsumerHandler>>;
  /**
   * What functions ran before their last deploy, by the subscriber's name: a plan may roll them back for some time, so that
   * they are given what newer producers send.
   * @default they were never deployed before
   */
  readonly previous?: Readonly<Record<string, ConsumerHandler>>;
  /** The subscribers that read a Kinesis stream, by the stream's name. The others have a queue of their own. @default none */
  readonly streams?: Readonly<Record<string, readonly SubscriberDefinition[]>>;
  /** The subscribers that have a FIFO queue. @default none */
  readonly fifo?: readonly SubscriberDefinition[];
  /**
   * Who succeeds subscribers, by their names: under a name of its own, with a handler of its own. Then plans have it adopt what
   * the former has not ended when it was removed.
   * @default nobody is renamed
   */
  readonly successors?: Readonly<Record<string, Successor>>;
  /** Business tables that are not empty at first. @default none */
  readonly tables?: readonly InitialRows[];
  /** Services outside of which handlers have effects: what can go wrong with a request to AWS can go wrong there, too. @default none */
  readonly services?: readonly AnyTestService[];
  readonly workload: readonly WorkloadStep[];
  /**
   * The keys by which the ledger signs, and the subscribers that verify. Then plans have somebody write into their queues.
   * @default it signs nothing
   */
  readonly signing?: NonNullable<MemoryStackOptions['signing']>;
  /**
   * The breakers of subscribers, by their names. Then operators pause subscribers and redrive what is dead, deploys switch event
   * sources on, and services fail for a while. Handlers ask a service before they do anything else.
   * @default none has one
   */
  readonly breakers?: Readonly<Record<string, Partial<BreakerSettings>>>;
  /**
   * The subscribers that scale, by their names. Then their event sources are switched off for a while, so that messages wait.
   * @default none does
   */
  readonly scales?: Readonly<Record<string, Partial<ScaleSettings>>>;
  /**
   * Sagas, whose steps are among the subscribers. Then somebody stops executions, and somebody whom an alarm has told of what is
   * stuck has it tried again.
   * @default none
   */
  readonly sagas?: readonly SagaDefinition[];
  /**
   * The newest format of outbox rows that functions know which a plan has rolled back: what newer ones write they meet as
   * something unknown. Then producers and handlers write in the format that the ledger's row says.
   * @default they know all of them, and write the first
   */
  readonly formerFormat?: number;
  /**
   * Up to how many shards the ledger grows by itself, from 2. Then producers are asked for a step so often within seconds that the
   * shards are too few for it, and again once ids are minted for more.
   * @default it does not grow
   */
  readonly maxShards?: number;
  /**
   * What `checkBack` returns, where the workload sends half messages: it is asked for those that were left undecided.
   * @default nobody answers
   */
  readonly checkBack?: CheckBackHandler;
  /**
   * What must hold when all is delivered, e.g. that money and stock add up: answers what does not, in words.
   * @default nothing beyond what holds of every system
   */
  readonly invariant?: (state: RunState) => readonly string[];
  /** How long an invocation of a subscriber's function may take. @default '10s' */
  readonly timeout?: Duration;
  /** How soon everything must be delivered once nothing fails any more. @default '30m', and as long as the longest `retry` of a subscriber lasts */
  readonly bound?: Duration;
}

/** The system with the subscribers that its sagas have beside their steps: what starts them, and what hears events for them. */
export function withSagaSubscribers(system: System): System {
  const { sagas = [], subscribers } = system;
  const known = new Set(subscribers.map(({ name }) => name));
  const own = sagas.flatMap(subscribersOfSaga).filter(({ name }) => !known.has(name));
  return own.length === 0 ? system : { ...system, subscribers: [...subscribers, ...own] };
}

/** Whether a subscriber is a saga's own, and no step: it is deployed with the saga. */
export function isOfSaga({ sagas = [] }: Pick<System, 'sagas'>, subscriber: string): boolean {
  return sagas.some(({ saga }) => subscriber === starterName(saga.name) || subscriber === waiterName(saga.name));
}

/** The name of the stream that a subscriber reads, if it reads one. */
export function streamOf({ streams = {} }: Pick<System, 'streams'>, subscriber: string): string | undefined {
  return Object.entries(streams).find(([, readers]) => readers.some(({ name }) => name === subscriber))?.[0];
}

/** The system with the successors of those that are renamed in a run: each reads the stream that the former reads. */
export function withSuccessors(system: System, renamed: readonly string[]): System {
  const { successors = {}, subscribers, handlers, streams = {} } = system;
  const found = renamed.flatMap((former) => {
    const successor = successors[former];
    return successor ? [{ former, ...successor }] : [];
  });
  if (found.length === 0) return system;
  const after = (readers: readonly SubscriberDefinition[]) => [
    ...readers,
    ...found.flatMap(({ former, subscriber }) => (readers.some(({ name }) => name === former) ? [subscriber] : [])),
  ];
  return {
    ...system,
    subscribers: [...subscribers, ...found.map(({ subscriber }) => subscriber)],
    handlers: {
      ...handlers,
      ...Object.fromEntries(found.map(({ subscriber, handler }) => [subscriber.name, handler])),
    },
    ...(system.fifo && { fifo: after(system.fifo) }),
    streams: Object.fromEntries(Object.entries(streams).map(([stream, readers]) => [stream, after(readers)])),
  };
}
