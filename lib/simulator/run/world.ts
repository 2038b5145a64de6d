import type { LambdaEngine, Request, SchedulerEngine, StepFunctionsEngine } from '../../testing/engines/index.ts';
import type { UnsupportedByEngine } from '../../testing/errors.ts';
import type { ServiceBooks } from '../../testing/service.ts';
import type { Engines } from '../../testing/test-environment.ts';
import type { FaultPlan } from '../faults/fault-plan.ts';
import type { LostPermission } from '../faults/permission.ts';
import type { OperationKind } from '../operations/operation.ts';
import type { Killing } from './killing.ts';
import type { RunRecord } from './run-record.ts';
import type { Schedule } from './schedule.ts';

/** Of the ledger, when a run begins: few, since reconciliation reads each of them. */
export const SHARDS = 2;

/** Messages of a minute and shard beyond which a ledger grows: few, since a plan has few. */
export const MESSAGES_A_SHARD = 5;

/** How long a removed subscriber's messages wait for it to come back, in milliseconds: less than is left to a run. */
export const ABANDON_AFTER_MS = 600_000;

/** What all parts of one simulated run share. */
export interface World {
  readonly schedule: Schedule;
  readonly engines: Engines;
  /** Of the messages' own schedules; absent where due messages are swept. */
  scheduler?: SchedulerEngine;
  /** Runs sagas, where there are any. */
  stepFunctions?: StepFunctionsEngine;
  readonly faults: FaultPlan;
  readonly record: RunRecord;
  /** What services outside have done. */
  readonly books: ServiceBooks;
  /** A whole number below `below` that follows from the run's seed and the name alone. */
  draw(name: string, below: number): number;
  /** Outcomes of the code under test, as it counts them itself, by metric: only to see that each was reached. */
  readonly outcomes: Record<string, number>;
  /** Effects of faults that are still to come: the run is not over before. */
  pending: number;
  /** Until when the event source of a function is switched off, by function. */
  readonly disabled: Map<string, number>;
  /** The moment before which the event source of a function's stream sees nothing, by function. */
  readonly horizons: Map<string, number>;
  /** Queues and streams that take nothing for some time. */
  readonly refusing: Set<string>;
  /** Services outside that fail for some time. */
  readonly failing: Set<string>;
  /** What the roles of functions may not do for some time. */
  readonly forbidden: Set<LostPermission>;
  /** Functions whose invocations are killed. */
  readonly killing: Map<string, Killing>;
  /** Switches event sources, where subscribers have breakers. */
  lambda?: LambdaEngine;
  /** Queues that are deleted. */
  readonly gone: Set<string>;
  /** How often each kind of operation was begun. */
  readonly operations: Partial<Record<OperationKind, number>>;
  /** A deploy that gives the ledger more shards, or is rolled back, has begun: it reaches one function after the other. */
  deploy: (shards: number) => void;
  /** Is told of each request that a function sends, before anything goes wrong with it. */
  readonly observe?: (actor: string, request: Request) => void;
  /** Something that the engines in memory do not do was asked of them: the run proves nothing. */
  unsupported?: UnsupportedByEngine;
}

/** Runs it after some milliseconds, however long that is: the run waits for it. */
export function laterIn(world: World, milliseconds: number, run: () => void): void {
  world.pending += 1;
  world.schedule.after(milliseconds, () => {
    world.pending -= 1;
    run();
  });
}
