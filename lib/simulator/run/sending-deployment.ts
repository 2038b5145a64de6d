// Loaded before a run begins: the run time imports it when it first makes a schedule.
import '@aws-sdk/client-scheduler';
import { BINDINGS } from '../../contract/index.ts';
import { createForwarder } from '../../runtime/forward.ts';
import type { Environment } from '../../runtime/index.ts';
import { createSweep } from '../../runtime/sweep.ts';
import { type Change, type Queue, type QueueEvent, SchedulerEngine } from '../../testing/engines/index.ts';
import { CHECK_BACK, FORWARDER, SCHEDULER, type Site, STEPS, SWEEP } from '../faults/site.ts';
import type { System } from '../system.ts';
import type { FunctionOptions, LambdaFunction, LambdaHandler } from './lambda-function.ts';
import { SweepSchedule } from './sweep-schedule.ts';
import type { World } from './world.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY_SECONDS = 86_400;

// As `lib/constructs` deploys them.
const FORWARDER_TIMEOUT = 30 * SECOND;
const CHECK_BACK_TIMEOUT = 10 * SECOND;
const SWEEP_TIMEOUT = MINUTE;
const VISIBILITY_TIMEOUTS = 6;
const FORWARD_RECEIVES = 100;
const CHECK_BACK_RECEIVES = 1_000;
const GROUP = 'waybill-messages';

/** One run in so many gives each message a schedule of its own; the others sweep. */
const SCHEDULES_IN = 3;

interface SendingOptions {
  /** Bindings of those who use the ledger. */
  readonly variables: Environment['variables'];
  readonly add: (options: FunctionOptions) => LambdaFunction;
  /** Starts an event source of a queue. */
  readonly receive: (consumer: LambdaFunction, queue: Queue) => void;
}

/**
 * Forwarder, sweep or schedules, and the check-back: everything by which messages are sent outside a transaction, and wait
 * for their moment. What nobody uses costs a run nothing: event sources begin with the first message of their queue.
 */
export class SendingDeployment {
  readonly #world: World;
  readonly #checkBack: LambdaHandler | undefined;
  readonly #forwardQueue: Queue;
  readonly #checkBackQueue: Queue;
  readonly #scheduled: boolean;
  readonly #unstarted = new Map<string, () => void>();
  #sweep: SweepSchedule | undefined;

  constructor(world: World, { checkBack }: System) {
    this.#world = world;
    this.#checkBack = checkBack as LambdaHandler | undefined;
    this.#scheduled = world.draw('strategy', SCHEDULES_IN) === 0;
    this.#forwardQueue = this.#addQueue(FORWARDER, FORWARDER_TIMEOUT, FORWARD_RECEIVES);
    this.#checkBackQueue = this.#addQueue(CHECK_BACK, CHECK_BACK_TIMEOUT, CHECK_BACK_RECEIVES);
    if (this.#scheduled) world.scheduler = this.#schedulerEngine();
  }

  /** The queues in which something may go wrong. */
  get queues(): readonly Queue[] {
    return [this.#forwardQueue, this.#checkBackQueue];
  }

  /** The bindings of whoever sends. */
  get variables(): Environment['variables'] {
    const { arn } = this.#forwardQueue;
    return {
      [BINDINGS.forwardQueueUrl]: this.#forwardQueue.url,
      [BINDINGS.checkBackQueueUrl]: this.#checkBackQueue.url,
      ...(this.#scheduled && {
        [BINDINGS.scheduleGroup]: GROUP,
        [BINDINGS.forwardQueueArn]: arn,
        [BINDINGS.scheduleRoleArn]: 'arn:aws:iam::000000000000:role/schedules',
        [BINDINGS.scheduleDeadLetterQueueArn]: arn.replace(FORWARDER, `${FORWARDER}-dead`),
      }),
    };
  }

  deploy({ variables, add, receive }: SendingOptions): void {
    const forwarder = add({
      name: FORWARDER,
      timeout: FORWARDER_TIMEOUT,
      variables,
      load: () => createForwarder() as LambdaHandler,
    });
    this.#unstarted.set(FORWARDER, () => receive(forwarder, this.#forwardQueue));
    const load = this.#checkBack;
    if (load) {
      const owner = add({ name: CHECK_BACK, timeout: CHECK_BACK_TIMEOUT, variables, load: () => load });
      this.#unstarted.set(CHECK_BACK, () => receive(owner, this.#checkBackQueue));
    }
    if (this.#scheduled) return;
    const sweep = add({ name: SWEEP, timeout: SWEEP_TIMEOUT, variables, load: () => createSweep() as LambdaHandler });
    this.#sweep = new SweepSchedule(this.#world, sweep);
  }

  /** To be called at each change of a row of the ledger. */
  onChange(change: Change): void {
    this.#sweep?.onChange(change);
  }

  /** To be called at whatever becomes of a message in a queue. */
  onQueueEvent({ kind, queue }: QueueEvent): void {
    const start = kind === 'sent' ? this.#unstarted.get(queue) : undefined;
    if (!start) return;
    this.#unstarted.delete(queue);
    this.#world.schedule.after(0, start);
  }

  #addQueue(name: string, timeout: number, maxReceiveCount: number): Queue {
    const { sqs } = this.#world.engines;
    const dead = sqs.createQueue({ name: `${name}-dead`, retentionSeconds: 14 * DAY_SECONDS });
    return sqs.createQueue({
      name,
      visibilityTimeout: (VISIBILITY_TIMEOUTS * timeout) / SECOND,
      retentionSeconds: 14 * DAY_SECONDS,
      deadLetter: { queue: dead, maxReceiveCount },
    });
  }

  #schedulerEngine(): SchedulerEngine {
    const { schedule, engines, faults, draw } = this.#world;
    const engine = new SchedulerEngine({
      now: schedule.now,
      after: (milliseconds, run) => schedule.after(milliseconds, run),
      targets: { sqs: engines.sqs.client() },
      lateness: (firing) => {
        const fault = faults.reach(`${SCHEDULER}.${STEPS.schedule}` satisfies Site);
        return draw(`lateness of ${firing.schedule}`, MINUTE) + (fault?.kind === 'schedule-late' ? fault.by : 0);
      },
      invocations: () => (faults.reach(`${SCHEDULER}.${STEPS.fire}` satisfies Site)?.kind === 'schedule-twice' ? 2 : 1),
    });
    engine.createGroup(GROUP);
    return engine;
  }
}
