import { hash } from 'node:crypto';
import { starterName, waiterName } from '../../contract/saga-settings.ts';
import { type SagaDefinition, waitsIn } from '../../contract/saga-shape.ts';
import { keeperName } from '../../testing/stack/sagas.ts';
import type { Violation } from '../checks/violation.ts';
import { SimulatorMisused } from '../errors.ts';
import { type DeployedSaga, FaultRange } from '../faults/fault-range.ts';
import { FORWARDER, PRODUCER, RECONCILER, RELAY } from '../faults/site.ts';
import type { Operation, OperationKind } from '../operations/operation.ts';
import { operationsOf } from '../operations/operation-range.ts';
import { type RunReport, simulate } from '../run/simulation.ts';
import { describedStep, type System, sendingModesOf, streamOf, withSagaSubscribers } from '../system.ts';
import type { Plan } from './plan.ts';
import { planArbitrary } from './plan-arbitrary.ts';
import { stepsBy, type Target, targetsOf } from './targets.ts';

/** A plan that a system did not survive, and nothing shorter was found. */
export interface FailedPlan {
  readonly plan: Plan;
  readonly violations: readonly Violation[];
  /** What the messages are that the violations name, a line for each: type, key, and what published it. */
  readonly cited?: readonly string[];
}

/** How often a plan is drawn until what it is made for happens: other plans seldom show what is hard to show. */
const MOST_DRAWS = 4;
const MOST_DRAWS_OF_HARD = 8;
/** So many plans for each target are drawn again in this way; later plans are drawn once. */
const INSISTENT_ROUNDS = 2;

/** Simulated runs that a failing plan may take to be shortened. */
const SHRINKING_RUNS = 200;

/** Makes a system's plans, runs them, and shortens those that fail. */
export class PlanRunner {
  /** What plans must show for a certificate. */
  readonly targets: readonly Target[];
  readonly #system: System;
  readonly #seed: number;
  readonly #range: FaultRange;
  readonly #operations: readonly Operation[];

  /** @throws SimulatorMisused when the system has nothing to simulate, or a subscriber has no handler */
  constructor(given: System, seed: number) {
    refuseIncomplete(given);
    const system = withSagaSubscribers(given);
    this.#system = system;
    this.#seed = seed;
    const names = system.subscribers.map(({ name }) => name);
    this.#range = new FaultRange({
      queues: names.filter((name) => streamOf(system, name) === undefined),
      streams: Object.fromEntries(
        Object.entries(system.streams ?? {}).map(([stream, readers]) => [stream, readers.map(({ name }) => name)]),
      ),
      // Formats are read by the framework's own functions too.
      deployed:
        system.formerFormat === undefined
          ? Object.keys(system.previous ?? {})
          : [...names, RELAY, FORWARDER, RECONCILER, PRODUCER],
      effects: [
        // Where there is no service, nobody asks one, whatever the contract declares.
        ...system.subscribers
          .filter(({ effects }) => effects.length > 0 && (system.services ?? []).length > 0)
          .map(({ name }) => name),
        ...(system.workload.some((step) => describedStep(step).effects) ? [PRODUCER] : []),
      ],
      modes: sendingModesOf(system),
      breakers: Object.keys(system.breakers ?? {}),
      sagas: (system.sagas ?? []).map(functionsOfSaga),
      grows: system.maxShards !== undefined,
      ordered: system.subscribers.filter(({ ordered }) => ordered).map(({ name }) => name),
    });
    this.#operations = operationsOf(system);
    this.targets = targetsOf(system, this.#range.faults, this.#operations);
  }

  /**
   * Runs the plan of this number: the same one for the same seed. Each is made for something that plans must show; one that
   * does not show it, since the site of its fault is not reached, is drawn again, unless others were made for it before.
   */
  async run(number: number): Promise<RunReport & { readonly failed?: FailedPlan }> {
    const { name, hard } = this.#targetOf(number);
    const insists = number < INSISTENT_ROUNDS * this.targets.length;
    const most = insists ? (hard ? MOST_DRAWS_OF_HARD : MOST_DRAWS) : 1;
    for (let draw = 1; ; draw++) {
      const report = await this.#run(number, draw);
      if (draw === most || report.failed || hasShown(report, name)) return report;
    }
  }

  #targetOf(number: number): Target {
    return this.targets[number % this.targets.length] as Target;
  }

  async #run(number: number, draw: number): Promise<RunReport & { readonly failed?: FailedPlan }> {
    const fc = await loadFastCheck();
    let first: RunReport | undefined;
    let runs = 0;
    const property = fc.asyncProperty(this.#plans(fc, number, draw), async (plan) => {
      if (runs >= SHRINKING_RUNS) return;
      runs += 1;
      const report = await simulate(this.#system, plan);
      first ??= report;
      if (report.violations.length > 0) throw new PlanFailed(report);
    });
    const seed = Number.parseInt(hash('md5', `${this.#seed} ${number} ${draw}`).slice(0, 8), 16) | 0;
    const details = await fc.check(property, { seed, numRuns: 1 });
    const { errorInstance, counterexample } = details;
    if (errorInstance !== null && !(errorInstance instanceof PlanFailed)) throw errorInstance;
    const report = first as RunReport;
    if (!errorInstance || !counterexample) return report;
    const { violations, cited } = errorInstance.report;
    const failed = { plan: counterexample[0], violations, cited };
    return { ...report, failed: await this.#withoutNeedless(failed) };
  }

  /** Each plan is made with a kind of fault that it must have: what fails may not need it. */
  async #withoutNeedless(failed: FailedPlan): Promise<FailedPlan> {
    for (const shorter of eachWithoutOne(failed.plan)) {
      const { violations, cited } = await simulate(this.#system, shorter);
      if (violations.length > 0) return this.#withoutNeedless({ plan: shorter, violations, cited });
    }
    return failed;
  }

  #plans(fc: typeof import('fast-check'), number: number, draw: number) {
    const { anyOf = [], ...target } = this.#targetOf(number);
    const step = target.step ?? anyOf[(Math.floor(number / this.targets.length) + draw) % anyOf.length];
    return planArbitrary(fc, {
      ...target,
      ...(step !== undefined && { step }),
      leadsTo: (site) => {
        const modes = this.#range.modes.get(site);
        return modes && stepsBy(this.#system, modes);
      },
      faults: this.#range.faults,
      operations: this.#operations,
      steps: this.#system.workload.length,
    });
  }
}

/** The plan without one of its faults, or without one of several steps. */
function eachWithoutOne(plan: Plan): Plan[] {
  const steps = plan.workload.length > 1 ? plan.workload.map((_, index) => index) : [];
  const { operations = [] } = plan;
  return [
    ...operations.map((_, index) => ({ ...plan, operations: operations.toSpliced(index, 1) })),
    ...plan.faults.map((_, index) => ({ ...plan, faults: plan.faults.toSpliced(index, 1) })),
    ...steps.map((index) => ({ ...plan, workload: plan.workload.toSpliced(index, 1) })),
  ];
}

function hasShown({ faults, outcomes, operations }: RunReport, name: string): boolean {
  return Boolean(faults[name] || outcomes[name] || operations[name as OperationKind]);
}

function functionsOfSaga({ saga: { name, steps, stages } }: SagaDefinition): DeployedSaga {
  return {
    steps: Object.values(steps).map((step) => step.name),
    starter: starterName(name),
    keeper: keeperName(name),
    waiter: waitsIn(stages).length > 0 ? waiterName(name) : undefined,
  };
}

class PlanFailed extends Error {
  readonly report: RunReport;

  constructor(report: RunReport) {
    super(report.violations.map(({ invariant, what }) => `${invariant}: ${what}`).join('\n'));
    this.report = report;
  }
}

async function loadFastCheck(): Promise<typeof import('fast-check')> {
  try {
    return await import('fast-check');
  } catch (cause) {
    throw new SimulatorMisused('Plans are made by fast-check: install it beside Waybill, `npm install -D fast-check`', {
      cause,
    });
  }
}

function refuseIncomplete(system: System): void {
  const { subscribers, handlers, workload, breakers, scales, sagas, services = [], successors } = system;
  if (subscribers.length === 0) throw new SimulatorMisused('There is no subscriber to simulate: give one');
  if (workload.length === 0) throw new SimulatorMisused('There is no workload: give a step that publishes a message');
  const without = subscribers.find(({ name }) => typeof handlers[name] !== 'function');
  if (without) throw new SimulatorMisused(`'${without.name}' has no handler: give what \`consume\` returns`);
  const unknown = Object.keys(breakers ?? {}).find((one) => subscribers.every(({ name }) => name !== one));
  if (unknown !== undefined) throw new SimulatorMisused(`'${unknown}' has a breaker, and is no subscriber`);
  const nobody = Object.keys(successors ?? {}).find((one) => subscribers.every(({ name }) => name !== one));
  if (nobody !== undefined) throw new SimulatorMisused(`'${nobody}' has a successor, and is no subscriber`);
  const none = Object.keys(scales ?? {}).find((one) => subscribers.every(({ name }) => name !== one));
  if (none !== undefined) throw new SimulatorMisused(`'${none}' scales, and is no subscriber`);
  const step = (sagas ?? [])
    .flatMap(({ saga }) => Object.values(saga.steps))
    .find((one) => subscribers.every(({ name }) => name !== one.name));
  if (step)
    throw new SimulatorMisused(`'${step.name}' is a step of a saga, and no subscriber: give it among \`subscribers\``);
  if (sagas && (breakers || scales))
    throw new SimulatorMisused('There are `sagas`, and `breakers` or `scales`: give each a system of its own');
  if (breakers && services.length === 0) {
    throw new SimulatorMisused('There are `breakers`, and no `services` that could fail: give what the handlers ask');
  }
}
