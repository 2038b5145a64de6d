import { METRICS } from '../../contract/metrics.ts';
import type { SagaDefinition } from '../../contract/saga-shape.ts';
import { MINUTE_MS, SECOND_MS } from '../../contract/time.ts';
import type { Change, ExecutionView, StepFunctionsEngine } from '../../testing/engines/index.ts';
import { failedExecution, keeperName, sagaOfMachine } from '../../testing/stack/sagas.ts';
import type { DecideCommand } from '../operations/operator-function.ts';
import type { LambdaFunction } from './lambda-function.ts';
import type { LedgerRow } from './ledger-row.ts';
import { MinuteSchedule } from './minute-schedule.ts';
import { laterIn, type World } from './world.ts';

/** What a keeper does not get done in so many runs, it never will. */
const MOST_RUNS = 2_000;
/** After which EventBridge and a queue have told a keeper of an execution that has failed; where it fails, again. */
const TOLD_MS = SECOND_MS;
const TOLD_AGAIN_MS = 30 * SECOND_MS;
/** Minutes that somebody waits for an alarm of what is stuck. */
const MOST_LOOKS = 60;

export interface SagaScheduleOptions {
  readonly sagas: readonly SagaDefinition[];
  readonly stepFunctions: StepFunctionsEngine;
  readonly functionOf: (name: string) => LambdaFunction;
  /** Has an operator decide what is stuck. */
  readonly decide: (command: DecideCommand) => void;
  /** A row of the ledger as it is now. */
  readonly read: (key: Change['key']) => Change['after'];
}

/**
 * What happens around the state machines of sagas: their keepers count each minute while an execution runs, and are told of those
 * that have failed; somebody whom an alarm has told of what is stuck has it tried again, and nobody else does.
 */
export class SagaSchedule {
  readonly #world: World;
  readonly #options: SagaScheduleOptions;

  constructor(world: World, options: SagaScheduleOptions) {
    this.#world = world;
    this.#options = options;
    options.stepFunctions.onEvent((execution) => this.#onEnd(execution));
  }

  start(): void {
    for (const { saga } of this.#options.sagas) {
      const keeper = this.#options.functionOf(keeperName(saga.name));
      const nextWork = () => (this.#runs(saga.name) ? this.#world.schedule.now() : Number.POSITIVE_INFINITY);
      void new MinuteSchedule(this.#world, keeper, { nextWork, most: MOST_RUNS }).start();
    }
  }

  /** To be called at each change of a row of the ledger. */
  onChange({ kind, of: saga, sk }: LedgerRow, { key, after }: Change): void {
    const token = after?.token?.S;
    if (kind !== 'stuck' || token === undefined) return;
    const [execution = '', step = ''] = sk.split('#');
    const told = this.#told(saga);
    this.#look({ key, token, told, looks: MOST_LOOKS, command: { command: 'decide-stuck', saga, execution, step } });
  }

  #runs(saga: string): boolean {
    const { executions } = this.#options.stepFunctions;
    return executions.some(({ machine, status }) => status === 'RUNNING' && sagaOfMachine(machine) === saga);
  }

  /** As its queue does: again, until it was told. */
  #onEnd(execution: ExecutionView): void {
    const event = failedExecution(execution);
    if (!event) return;
    this.#world.record.note(`${execution.name} has ended as ${execution.status}`);
    const keeper = this.#options.functionOf(keeperName(sagaOfMachine(execution.machine)));
    const tell = () => {
      keeper.invoke(event).catch(() => laterIn(this.#world, TOLD_AGAIN_MS, tell));
    };
    laterIn(this.#world, TOLD_MS, tell);
  }

  /** How often the alarm of a saga has been given what is stuck. */
  #told(saga: string): number {
    return this.#world.outcomes[METRICS.sagaStuck(saga)] ?? 0;
  }

  #look(stuck: Stuck): void {
    laterIn(this.#world, MINUTE_MS, () => {
      const { key, token, told, looks, command } = stuck;
      if (this.#options.read(key)?.token?.S !== token) return;
      if (this.#told(command.saga) > told) this.#options.decide(command);
      else if (looks > 1) this.#look({ ...stuck, looks: looks - 1 });
    });
  }
}

interface Stuck {
  readonly key: Change['key'];
  readonly token: string;
  /** How often the alarm had been given what is stuck, before. */
  readonly told: number;
  readonly looks: number;
  readonly command: DecideCommand;
}
