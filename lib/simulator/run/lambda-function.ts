import type { Context } from 'aws-lambda';
import type { Environment } from '../../aws/environment.ts';
import { BINDINGS } from '../../contract/bindings.ts';
import type { LambdaHandler } from '../../testing/lambda/index.ts';
import { lambdaContext } from '../../testing/lambda/lambda-event.ts';
import { carryingRequests } from '../../testing/service.ts';
import type { Fault } from '../faults/fault.ts';
import { TRAITS } from '../faults/traits.ts';
import { Incarnation } from './incarnation.ts';
import { laterIn, SHARDS, type World } from './world.ts';

export interface FunctionOptions {
  readonly name: string;
  /** Milliseconds that an invocation may take. */
  readonly timeout: number;
  readonly variables: Environment['variables'];
  /** Variables beside these of what it ran before the last deploy. @default none */
  readonly previousVariables?: Environment['variables'];
  /** Loads the handler: called once for each process. */
  readonly load: () => LambdaHandler;
  /** Loads the handler as it was before the last deploy. @default the same */
  readonly loadPrevious?: () => LambdaHandler;
}

type Answer = { readonly result: unknown } | { readonly error: unknown };

/** A process, the deploy that it came with, and what it has loaded. */
interface Process {
  readonly deploy: number;
  readonly old: boolean;
  readonly former: boolean;
  readonly incarnation: Incarnation;
  readonly handler: (event: object, context: Context, options: object) => unknown;
}

/** Milliseconds between the end of an invocation's time and the end of its process. */
const KILL_DELAY_MS = 200;
/** Milliseconds into an invocation at which its clock goes wrong. */
const SKEW_DELAY_MS = 15;

/** A function that could not answer: its process died, its time was up, or its answer was lost. */
export class FunctionFailed extends Error {
  override readonly name = 'FunctionFailed';
}

/** A Lambda function: each invocation runs in a warm process that is free, else in a new one. */
export class LambdaFunction {
  readonly name: string;
  readonly #world: World;
  readonly #options: FunctionOptions;
  readonly #free: Process[] = [];
  #variables: Environment['variables'];
  #deploys = 0;
  /** Loads what it runs until it is first deployed with code of its own. */
  #former: (() => LambdaHandler) | undefined;
  /** Whether the last deploy is still to come, or was rolled back. */
  #old = false;
  #started = 0;
  #invocations = 0;

  constructor(world: World, options: FunctionOptions) {
    this.name = options.name;
    this.#world = world;
    this.#options = options;
    this.#variables = options.variables;
  }

  /** Invokes the function, as an event source does. */
  readonly invoke = (event: object): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const { schedule } = this.#world;
      const latency = 1 + this.#world.draw(`${this.name} invocation ${this.#invocations}`, 8);
      schedule.after(latency, () => {
        this.#run(structuredClone(event), (answer) => {
          schedule.after(1, () => ('error' in answer ? reject(answer.error) : resolve(answer.result)));
        });
      });
    });

  #run(event: object, answer: (answer: Answer) => void): void {
    const { schedule, record, faults } = this.#world;
    this.#invocations += 1;
    const invocation = this.#invocations;
    const fault = faults.reach(`${this.name}.invoke`);
    if (fault?.kind === 'more-shards') {
      this.deployShards(fault.to);
      this.#world.deploy(fault.to);
      if (fault.for) laterIn(this.#world, fault.for, () => this.#world.deploy(SHARDS));
    }
    if (fault?.kind === 'old-version') this.#rollBack(fault.for);
    const warm = this.#free.pop();
    if (warm) faults.meet(TRAITS.warm);
    const process = warm ?? this.#start();
    const { incarnation, handler, old, former } = process;
    const code = { ...(old && { old }), ...(former && { former }) };
    record.add({ kind: 'invocation', actor: this.name, invocation, event, ...code });
    record.note(`${incarnation.name} invocation ${invocation}`);

    let ended = false;
    const milliseconds = fault?.kind === 'short-time' ? fault.milliseconds : this.#options.timeout;
    const timer = schedule.after(milliseconds + KILL_DELAY_MS, () => incarnation.crash());
    const end = (how: string, result: Answer) => {
      if (ended) return;
      ended = true;
      timer.cancelled = true;
      record.note(`${incarnation.name} invocation ${invocation} ${how}`);
      incarnation.onDeath = undefined;
      if (incarnation.alive) {
        incarnation.freeze();
        if (process.deploy === this.#deploys) this.#free.push(process);
      }
      answer(result);
    };
    const killing = this.#world.killing.get(this.name);
    incarnation.killedAt(killing?.begin(event));
    incarnation.onDeath = () => {
      if (incarnation.isKilled) record.add({ kind: 'killed', actor: this.name, invocation });
      end('died', { error: new FunctionFailed(`${this.name} died`) });
    };

    incarnation.thaw();
    incarnation.invocation = invocation;
    incarnation.sinkIsDown = fault?.kind === 'sink-down';
    if (fault?.kind === 'crash-at-start' || fault?.kind === 'crash-loop') {
      incarnation.crash();
      return;
    }
    this.#skew(incarnation, fault);
    const lost = { error: new FunctionFailed(`the answer of ${this.name} was lost`) };
    const context = lambdaContext(incarnation.environment, `${this.name}-${invocation}`, milliseconds);
    Promise.resolve()
      .then(() =>
        carryingRequests({ wire: incarnation.wire, books: this.#world.books }, () => handler(event, context, {})),
      )
      .then(
        (result) =>
          incarnation.deliver(() => {
            record.add({ kind: 'returned', actor: this.name, invocation, result });
            killing?.restart(event);
            end('returned', fault?.kind === 'answer-lost' ? lost : answered(result, fault));
          }),
        (error: unknown) => incarnation.deliver(() => end(`threw ${nameOf(error)}`, { error })),
      );
  }

  #start(): Process {
    this.#started += 1;
    const { name, load, loadPrevious = load, previousVariables } = this.#options;
    const variables = this.#old ? { ...this.#variables, ...previousVariables } : this.#variables;
    return {
      deploy: this.#deploys,
      old: this.#old,
      former: this.#former !== undefined,
      incarnation: new Incarnation(this.#world, name, `${name}#${this.#started}`, variables),
      handler: (this.#former ?? (this.#old ? loadPrevious : load))() as Process['handler'],
    };
  }

  /** From now on it knows of so many shards. */
  deployShards(shards: number): void {
    if (this.#variables[BINDINGS.shards] === String(shards)) return;
    this.#variables = { ...this.#variables, [BINDINGS.shards]: String(shards) };
    this.#redeploy();
  }

  /** From now on it runs other code than its own, or where none is given its own. */
  deployCode(load?: () => LambdaHandler): void {
    this.#former = load;
    this.#redeploy();
  }

  /** Its code is that of the deploy before, until it is deployed again. */
  #rollBack(milliseconds: number): void {
    this.#old = true;
    this.#redeploy();
    laterIn(this.#world, milliseconds, () => {
      this.#old = false;
      this.#redeploy();
    });
  }

  /** Processes that are busy end as they are; none of them is used again. */
  #redeploy(): void {
    this.#free.length = 0;
    this.#deploys += 1;
  }

  #skew(incarnation: Incarnation, fault: Fault | undefined): void {
    if (fault?.kind !== 'clock-skew') return;
    this.#world.schedule.after(SKEW_DELAY_MS, () => {
      incarnation.skew = fault.by;
    });
  }
}

/** What the function answers: maybe with the name of a record that it was not given. */
function answered(result: unknown, fault: Fault | undefined): Answer {
  if (fault?.kind !== 'wrong-identifier') return { result };
  return { result: { batchItemFailures: [{ itemIdentifier: fault.to }] } };
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'something';
}
