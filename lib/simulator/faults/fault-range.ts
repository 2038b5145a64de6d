import { MINUTE_MS } from '../../contract/time.ts';
import type { SendingMode } from '../system.ts';
import type { Fault } from './fault.ts';
import * as kinds from './fault-kinds.ts';
import {
  CHECK_BACK,
  CONTROLLER,
  FORWARDER,
  OPERATOR,
  PRODUCER,
  RECONCILER,
  RELAY,
  recorderOf,
  SCHEDULER,
  type Site,
  type SiteEvent,
  type SiteRequest,
  STATES,
  SWEEP,
} from './site.ts';

/** What is deployed, and how producers send. */
export interface Deployed {
  /** Names of the subscribers that have a queue of their own. */
  readonly queues: readonly string[];
  /** Names of the subscribers that read a stream, by stream. */
  readonly streams: Readonly<Record<string, readonly string[]>>;
  /** Names of the subscribers whose handlers have effects outside. @default none */
  readonly effects?: readonly string[];
  /** Names of the subscribers whose code before the last deploy is known. @default none */
  readonly deployed?: readonly string[];
  /** In which modes producers send, beside `publish` at once. @default none */
  readonly modes?: ReadonlySet<SendingMode>;
  /** Subscribers that have breakers. @default none */
  readonly breakers?: readonly string[];
  /** Whether the ledger's shards grow. @default false */
  readonly grows?: boolean;
  /** Sagas: their steps, starters and waiters are among the subscribers. @default none */
  readonly sagas?: readonly DeployedSaga[];
  /** Subscribers that keep an order. @default none */
  readonly ordered?: readonly string[];
}

/** Names of the functions of a saga. */
export interface DeployedSaga {
  readonly steps: readonly string[];
  readonly starter: string;
  readonly keeper: string;
  /** What hears the events that it waits for. @default none */
  readonly waiter?: string | undefined;
}

type Place = SiteRequest | SiteEvent;

/** Every site of a deployment, with every fault that can happen there. */
export class FaultRange {
  readonly faults: ReadonlyMap<Site, readonly Fault[]>;
  /** The sending modes of which a workload needs one to reach the site; absent where any workload does. */
  readonly modes: ReadonlyMap<Site, readonly SendingMode[]>;
  readonly #faults = new Map<Site, readonly Fault[]>();
  readonly #modes = new Map<Site, readonly SendingMode[]>();
  readonly #used: ReadonlySet<SendingMode>;

  constructor(of: Deployed) {
    const {
      queues,
      streams,
      deployed = [],
      effects = [],
      modes = new Set(),
      breakers = [],
      ordered = [],
      sagas = [],
      grows,
    } = of;
    this.#used = modes;
    this.faults = this.#faults;
    this.modes = this.#modes;
    this.#addProducer();
    this.#addRelay(Object.keys(streams).length > 0);
    this.#addReconciler();
    this.#addForwarder(Object.keys(streams).length > 0);
    this.#addSweep();
    this.#addCheckBack();
    const readers = Object.values(streams).flat();
    const commanded = new Set(sagas.flatMap(({ steps, waiter }) => [...steps, ...(waiter ? [waiter] : [])]));
    for (const name of [...queues, ...readers]) {
      // A command lives for as long as its step may take.
      this.#addSubscriber(name, commanded.has(name) ? kinds.DELETED_COMMAND : kinds.DELETED);
    }
    for (const name of queues) this.#addQueueReader(name, !commanded.has(name));
    for (const name of readers) this.#addStreamReader(name);
    for (const name of effects) {
      this.#add(name, ['ServiceQuery', 'UpdateItem.effect'], kinds.REQUEST);
      this.#add(name, ['ServiceRequest'], kinds.SERVICE);
    }
    for (const name of ordered) {
      this.#add(name, ['TransactWriteItems.fence'], kinds.TRANSACTION);
      this.#add(name, ['GetItem.fence', 'GetItem.parked', 'Query.parked'], kinds.REQUEST);
    }
    if (breakers.length > 0) this.#addOperators(breakers);
    for (const saga of sagas) this.#addSaga(saga);
    if (grows) {
      this.#add(RECONCILER, ['GetItem.shards', 'PutItem.shards'], kinds.REQUEST);
      this.#add(PRODUCER, ['GetItem.shards'], [...kinds.REQUEST, ...kinds.STALE]);
    }
    for (const name of deployed) this.#add(name, ['invoke'], kinds.OLD_VERSION);
    for (const stream of Object.keys(streams)) this.#add(stream, ['arrived'], kinds.ARRIVED);
  }

  #add(actor: string, places: readonly Place[], faults: readonly Fault[]): void {
    for (const place of places) {
      const site: Site = `${actor}.${place}`;
      this.#faults.set(site, [...(this.#faults.get(site) ?? []), ...faults]);
    }
  }

  /** The same, where producers send in one of these modes. */
  #addFor(modes: readonly SendingMode[], actor: string, places: readonly Place[], faults: readonly Fault[]): void {
    if (!modes.some((mode) => this.#used.has(mode))) return;
    this.#add(actor, places, faults);
    for (const place of places) this.#modes.set(`${actor}.${place}`, modes);
  }

  #addProducer(): void {
    // A message alone is committed by one row, what is written with it by a transaction.
    this.#add(PRODUCER, ['TransactWriteItems.outbox', 'PutItem.outbox'], kinds.TRANSACTION);
    this.#add(PRODUCER, ['invoke'], kinds.INVOCATION);
    this.#add(PRODUCER, ['ask'], kinds.ASKED);
    const taken = ['cancel', 'reschedule'] as const;
    this.#addFor(taken, PRODUCER, ['TransactWriteItems.inbox'], kinds.TRANSACTION);
    this.#addFor(taken, PRODUCER, ['GetItem.outbox', 'GetItem.inbox', 'Query.route'], kinds.REQUEST);
    this.#addFor(['handshake'], PRODUCER, ['UpdateItem.outbox'], kinds.REQUEST);
    this.#addFor(['handshake'], PRODUCER, ['BatchWriteItem.outbox', 'SendMessageBatch'], kinds.BATCH);
    this.#addFor(['half'], PRODUCER, ['TransactWriteItems.half', 'TransactWriteItems.business'], kinds.TRANSACTION);
    this.#addFor(
      ['half'],
      PRODUCER,
      ['PutItem.half', 'UpdateItem.half', 'PutItem.business', 'GetItem.business'],
      kinds.REQUEST,
    );
  }

  #addRelay(hasStreams: boolean): void {
    this.#add(RELAY, ['Query.route', 'PutItem.receipt'], kinds.REQUEST);
    const sends = ['SendMessageBatch', ...(hasStreams ? (['PutRecords'] as const) : [])] as const;
    this.#add(RELAY, sends, [...kinds.BATCH, kinds.REFUSING]);
    this.#add(RELAY, ['invoke'], kinds.INVOCATION);
    this.#add(RELAY, ['GetRecords'], [...kinds.SOURCE, ...kinds.POLL, ...kinds.STREAM_SOURCE]);
    this.#addFor(['wait'], RELAY, ['BatchWriteItem.due'], kinds.BATCH);
    this.#addFor(['wait'], RELAY, ['CreateSchedule'], kinds.REQUEST);
  }

  /** Every call of reconciliation, its schedule, and what it reads. */
  #addReconciler(): void {
    const read = ['GetItem.outbox', 'GetItem.inbox', 'Query.outbox', 'Query.inbox'] as const;
    const listed = ['Query.event-type', 'Query.route', 'Query.case', 'Query.receipt', 'Query.radar'] as const;
    const looked = ['GetItem.cursor', 'GetItem.failure', 'BatchGetItem.outbox', 'BatchGetItem.inbox'] as const;
    const written = ['PutItem.case', 'DeleteItem.case', 'PutItem.cursor', 'PutItem.radar', 'PutItem.receipt'] as const;
    this.#add(RECONCILER, [...read, ...listed, ...looked, ...written, 'GetQueueAttributes'], kinds.REQUEST);
    this.#add(RECONCILER, read, kinds.STALE);
    this.#add(RECONCILER, ['SendMessageBatch'], kinds.BATCH);
    this.#add(RECONCILER, ['invoke'], kinds.INVOCATION);
    this.#add(RECONCILER, ['fire'], kinds.SCHEDULE);
    this.#addFor(['handshake'], RECONCILER, ['UpdateItem.outbox'], kinds.REQUEST);
    this.#addFor(['delay', 'wait'], RECONCILER, ['Query.due'], kinds.REQUEST);
    this.#addFor(['half'], RECONCILER, ['Query.half'], kinds.REQUEST);
  }

  #addForwarder(hasStreams: boolean): void {
    const modes = ['handshake', 'delay', 'wait'] as const;
    this.#addWorker(modes, FORWARDER);
    this.#addFor(modes, FORWARDER, ['Query.route', 'PutItem.receipt'], kinds.REQUEST);
    this.#addFor(modes, FORWARDER, ['SendMessageBatch', 'ChangeMessageVisibilityBatch'], kinds.BATCH);
    if (hasStreams) this.#addFor(modes, FORWARDER, ['PutRecords'], kinds.BATCH);
    this.#addFor(['wait'], FORWARDER, ['BatchGetItem.outbox'], kinds.BATCH);
  }

  #addSweep(): void {
    const add = (places: readonly Place[], faults: readonly Fault[]) => this.#addFor(['wait'], SWEEP, places, faults);
    add(['Query.due', 'Query.route', 'PutItem.receipt', 'UpdateItem.sweep'], kinds.REQUEST);
    add(['BatchGetItem.sweep', 'BatchGetItem.outbox', 'SendMessageBatch'], kinds.BATCH);
    add(['invoke'], kinds.INVOCATION);
    add(['fire'], [...kinds.SCHEDULE, { kind: 'schedule-missed', times: 8 }]);
    this.#addFor(['wait'], SCHEDULER, ['fire'], [{ kind: 'schedule-twice', after: 0 }]);
    this.#addFor(['wait'], SCHEDULER, ['schedule'], [{ kind: 'schedule-late', by: 3 * MINUTE_MS }]);
  }

  #addCheckBack(): void {
    this.#addWorker(['half'], CHECK_BACK);
    this.#addFor(['half'], CHECK_BACK, ['GetItem.half', 'GetItem.business', 'TransactWriteItems.half'], kinds.REQUEST);
    this.#addFor(['half'], CHECK_BACK, ['UpdateItem.half', 'UpdateItem.business'], kinds.REQUEST);
    this.#addFor(['half'], CHECK_BACK, ['PutItem.business', 'ChangeMessageVisibility'], kinds.REQUEST);
  }

  /** Circuits and their controller, commands of operators, and the worker of redrives. */
  #addOperators(breakers: readonly string[]): void {
    for (const name of breakers) this.#add(name, ['GetItem.circuit', 'UpdateItem.circuit'], kinds.REQUEST);
    const asked = ['ListEventSourceMappings', 'UpdateEventSourceMapping', 'Invoke', 'DeleteMessage'] as const;
    this.#add(CONTROLLER, ['GetItem.circuit', 'UpdateItem.circuit', ...asked], kinds.REQUEST);
    this.#add(CONTROLLER, ['invoke'], kinds.INVOCATION);
    this.#add(CONTROLLER, ['sent'], kinds.DELAYED);
    this.#add(CONTROLLER, ['received'], [{ kind: 'duplicate' }]);
    this.#add(OPERATOR, ['TransactWriteItems.redrive', 'SendMessageBatch', 'UpdateItem.circuit'], kinds.REQUEST);
    const read = ['GetItem.redrive', 'Query.dead', 'BatchGetItem.outbox', 'BatchGetItem.inbox'] as const;
    this.#add(FORWARDER, [...read, 'PutItem.redrive', 'TransactWriteItems.redrive', 'SendMessageBatch'], kinds.REQUEST);
    this.#add(FORWARDER, ['invoke'], kinds.INVOCATION);
    this.#add(FORWARDER, ['received'], [{ kind: 'duplicate' }]);
  }

  /** The answers of steps, what starts and keeps a saga, and the requests of its state machines. */
  #addSaga({ steps, starter, keeper, waiter }: DeployedSaga): void {
    const replies = ['SendTaskSuccess', 'SendTaskFailure'] as const;
    for (const name of steps)
      this.#add(name, ['GetItem.saga', 'PutItem.saga', 'GetItem.outbox', ...replies], kinds.REQUEST);
    if (waiter) this.#add(waiter, ['GetItem.wait', 'GetItem.saga', 'GetItem.outbox', ...replies], kinds.REQUEST);
    this.#add(starter, ['StartExecution'], kinds.REQUEST);
    const looked = ['ListExecutions', 'Query.stuck', 'PutItem.sagas', 'GetItem.saga', 'DescribeExecution'] as const;
    this.#add(keeper, [...looked, 'StartExecution'], kinds.REQUEST);
    this.#add(keeper, ['invoke'], kinds.INVOCATION);
    this.#add(keeper, ['fire'], kinds.SCHEDULE);
    this.#add(STATES, ['PutItem.outbox', 'PutItem.stuck', 'TransactWriteItems.saga'], kinds.STATES);
  }

  /** A function that reads a queue of its own name, and is no subscriber. */
  #addWorker(modes: readonly SendingMode[], name: string): void {
    this.#addFor(modes, name, ['invoke'], kinds.INVOCATION);
    this.#addFor(modes, name, ['ReceiveMessage'], [...kinds.SOURCE, ...kinds.POLL]);
    this.#addFor(modes, name, ['DeleteMessageBatch'], kinds.POLL);
    this.#addFor(modes, name, ['sent'], kinds.DELAYED);
    this.#addFor(modes, name, ['received'], [{ kind: 'duplicate' }]);
    this.#addFor(modes, name, ['deleted'], kinds.DELETED_WORK);
  }

  #addSubscriber(name: string, deleted: readonly Fault[]): void {
    this.#add(name, ['TransactWriteItems.inbox', 'PutItem.inbox'], [...kinds.TRANSACTION, kinds.LONG_THROTTLE]);
    this.#add(name, ['GetItem.inbox'], [...kinds.REQUEST, { kind: 'stale' }]);
    this.#add(name, ['GetItem.business', 'UpdateItem.failure'], kinds.REQUEST);
    this.#add(name, ['SendMessageBatch', 'ChangeMessageVisibilityBatch'], kinds.BATCH);
    this.#add(name, ['invoke'], [...kinds.INVOCATION, ...kinds.ANSWER]);
    this.#add(name, ['ReceiveMessage'], [...kinds.SOURCE, ...kinds.POLL]);
    this.#add(name, ['DeleteMessageBatch'], [...kinds.POLL, ...kinds.PARTIAL]);
    this.#add(name, ['received'], [{ kind: 'duplicate' }]);
    this.#add(name, ['deleted'], deleted);
    this.#add(`${name}-dead`, ['sent'], kinds.REDRIVE);
    this.#add(recorderOf(name), ['invoke'], kinds.INVOCATION);
    this.#add(recorderOf(name), ['PutItem.inbox', 'GetItem.inbox', 'SendMessageBatch'], kinds.REQUEST);
  }

  #addQueueReader(name: string, outlivesQueue: boolean): void {
    this.#add(name, ['sent'], [{ kind: 'poison' }, ...kinds.DELAYED, ...kinds.LOST]);
    this.#add(name, ['invoke'], [kinds.GIVEN_UP]);
    if (outlivesQueue) this.#add(name, ['ReceiveMessage'], [kinds.QUEUE_RETENTION]);
  }

  #addStreamReader(name: string): void {
    this.#add(name, ['invoke'], [{ kind: 'crash-loop', times: 30 }]);
    this.#add(name, ['GetRecords'], [...kinds.SOURCE, ...kinds.POLL, ...kinds.STREAM_SOURCE]);
  }
}
