import type { Queue, SqsEngine } from '../../testing/engines/index.ts';

const RETENTION_SECONDS = 14 * 24 * 3_600;
const VISIBILITY_TIMEOUTS = 6;

interface WorkOptions {
  /** Milliseconds that an invocation of the function that reads it may take. */
  readonly timeout: number;
  /** How often a message is received before SQS moves it. */
  readonly receives: number;
}

/** The queues of a simulated deployment, with the settings of `lib/constructs`. */
export class Queues {
  /** Those in which something may go wrong. */
  readonly byName = new Map<string, Queue>();
  readonly #sqs: SqsEngine;

  constructor(sqs: SqsEngine) {
    this.#sqs = sqs;
  }

  /** A queue of work that is no subscriber's. */
  addWork(name: string, { timeout, receives: maxReceiveCount }: WorkOptions): Queue {
    const dead = this.#sqs.createQueue({ name: `${name}-dead`, retentionSeconds: RETENTION_SECONDS });
    return this.#keep(
      this.#sqs.createQueue({
        name,
        visibilityTimeout: visibilityOf(timeout),
        retentionSeconds: RETENTION_SECONDS,
        deadLetter: { queue: dead, maxReceiveCount },
      }),
    );
  }

  /** A subscriber's queue, its dead letters, and the backstop, where SQS moves what it gives up. */
  addSubscriber(name: string, { timeout, receives: maxReceiveCount }: WorkOptions, recorderTimeout: number) {
    const backstop = this.#sqs.createQueue({
      name: `${name}-backstop`,
      visibilityTimeout: visibilityOf(recorderTimeout),
      retentionSeconds: RETENTION_SECONDS,
    });
    const queue = this.#sqs.createQueue({
      name,
      visibilityTimeout: visibilityOf(timeout),
      deadLetter: { queue: backstop, maxReceiveCount },
    });
    const deadLetters = this.#sqs.createQueue({ name: `${name}-dead`, retentionSeconds: RETENTION_SECONDS });
    return { queue: this.#keep(queue), backstop: this.#keep(backstop), deadLetters: this.#keep(deadLetters) };
  }

  #keep(queue: Queue): Queue {
    this.byName.set(queue.name, queue);
    return queue;
  }
}

/** Seconds. */
function visibilityOf(timeout: number): number {
  return (VISIBILITY_TIMEOUTS * timeout) / 1_000;
}
