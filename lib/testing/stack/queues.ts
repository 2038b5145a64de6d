import { type Duration, durationToMilliseconds } from '../../contract/duration.ts';
import type { Queue, SqsEngine } from '../engines/index.ts';

/** The names of the ledger's own functions, and of the queues that they consume. */
export const RELAY = 'relay';
export const FORWARDER = 'forwarder';
export const SWEEPER = 'sweep';
export const RECONCILER = 'reconciler';
export const CHECK_BACK = 'check-back';
export const CONTROLLER = 'controller';
export const SCALER = 'scaler';

// As `lib/constructs` deploys them.
export const RECORDER_TIMEOUT: Duration = '30s';
export const FORWARDER_TIMEOUT: Duration = '30s';
export const CHECK_BACK_TIMEOUT: Duration = '10s';
export const RECONCILER_TIMEOUT: Duration = '5m';
/** What is older, the next minute's requests ask for. */
const RECONCILE_RETENTION: Duration = '5m';
export const CONTROLLER_TIMEOUT: Duration = '2m';
export const SCALER_TIMEOUT: Duration = '90s';
const TIMEOUTS_OF_VISIBILITY = 6;
const BACKSTOP_RECEIVES = 100;
const RECORDER_RECEIVES = 1_000;
const FORWARD_RECEIVES = 100;
const CHECK_BACK_RECEIVES = 1_000;
const CONTROL_RECEIVES = 1_000;
const LONGEST_RETENTION = 14 * 86_400;
const FIFO = '.fifo';
const HIGH_THROUGHPUT = { deduplicationScope: 'messageGroup', fifoThroughputLimit: 'perMessageGroupId' } as const;

/** The queues of one subscriber. */
export interface SubscriberQueues {
  readonly queue: Queue;
  /** Takes what was received too often, for the recorder. */
  readonly backstop: Queue;
  readonly deadLetters: Queue;
}

/** The queues of a ledger, and of its subscribers. */
export class StackQueues {
  readonly forward: Queue;
  readonly checkBack: Queue;
  /** Takes the requests for groups of shards, where several runs reconcile. */
  readonly reconcile: Queue;
  readonly control: Queue;
  readonly #sqs: SqsEngine;
  readonly #all = new Map<string, Queue>();
  readonly #subscribers = new Map<string, SubscriberQueues>();

  constructor(sqs: SqsEngine) {
    this.#sqs = sqs;
    this.forward = this.#consumed(FORWARDER, FORWARDER_TIMEOUT, {
      queue: this.#kept(`${FORWARDER}-dead`),
      maxReceiveCount: FORWARD_RECEIVES,
    });
    this.checkBack = this.#consumed(CHECK_BACK, CHECK_BACK_TIMEOUT, {
      queue: this.#kept(`${CHECK_BACK}-dead`),
      maxReceiveCount: CHECK_BACK_RECEIVES,
    });
    this.reconcile = this.#consumed(RECONCILER, RECONCILER_TIMEOUT, undefined, RECONCILE_RETENTION);
    this.control = this.#consumed(CONTROLLER, CONTROLLER_TIMEOUT, {
      queue: this.#kept(`${CONTROLLER}-dead`),
      maxReceiveCount: CONTROL_RECEIVES,
    });
  }

  /** All queues, by name. */
  get all(): ReadonlyMap<string, Queue> {
    return this.#all;
  }

  /** The queues of a subscriber, by its name. */
  get subscribers(): ReadonlyMap<string, SubscriberQueues> {
    return this.#subscribers;
  }

  /**
   * @param timeout of the subscriber's function
   * @param retention how long its queue keeps a message
   * @param isFifo whether its queues keep order: their own names end in `.fifo`, those by which they are found here do not
   */
  addSubscriber(
    name: string,
    timeout: Duration,
    retention: Duration = '14d',
    { isFifo = false }: { readonly isFifo?: boolean } = {},
  ): SubscriberQueues {
    const suffix = isFifo ? FIFO : '';
    const deadLetters = this.#kept(`${name}-dead${suffix}`);
    const backstop = this.#consumed(`${name}-backstop${suffix}`, RECORDER_TIMEOUT, {
      queue: deadLetters,
      maxReceiveCount: RECORDER_RECEIVES,
    });
    const last = { queue: backstop, maxReceiveCount: BACKSTOP_RECEIVES };
    const queue = this.#consumed(`${name}${suffix}`, timeout, last, retention);
    const queues = { queue, backstop, deadLetters };
    this.#subscribers.set(name, queues);
    return queues;
  }

  #kept(name: string): Queue {
    return this.#add(this.#sqs.createQueue({ name, retentionSeconds: LONGEST_RETENTION }));
  }

  #consumed(
    name: string,
    timeout: Duration,
    deadLetter?: { readonly queue: Queue; readonly maxReceiveCount: number },
    retention: Duration = '14d',
  ): Queue {
    const visibilityTimeout = (TIMEOUTS_OF_VISIBILITY * durationToMilliseconds(timeout)) / 1_000;
    const isFifo = name.endsWith(FIFO);
    const options = {
      name,
      visibilityTimeout,
      retentionSeconds: durationToMilliseconds(retention) / 1_000,
      ...(isFifo && HIGH_THROUGHPUT),
    };
    return this.#add(this.#sqs.createQueue({ ...options, ...(deadLetter && { deadLetter }) }));
  }

  #add(queue: Queue): Queue {
    this.#all.set(plainName(queue.name), queue);
    return queue;
  }
}

/** By which a queue is found: its name, without what says that it keeps order. */
export function plainName(queue: string): string {
  return queue.endsWith(FIFO) ? queue.slice(0, -FIFO.length) : queue;
}
