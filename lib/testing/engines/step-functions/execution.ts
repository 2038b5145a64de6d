import type { StateMachine } from '../../../machine/states.ts';
import type { Alarm, AlarmClock } from '../scheduler/index.ts';
import { type EvaluationContext, evaluate } from './evaluate.ts';

type State = StateMachine['States'][string];
type Machine = Pick<StateMachine, 'StartAt' | 'States'>;

/** How a task or an execution has failed. */
export class StateFailed extends Error {
  override readonly name = 'StateFailed';
  readonly error: string;

  constructor(error: string, cause: string) {
    super(cause);
    this.error = error;
  }
}

/** What an execution needs of the service that runs it. */
export interface ExecutionHost {
  readonly now: () => number;
  readonly after: AlarmClock;
  readonly random: (bytes: number) => Uint8Array;
  /** Sends the request of a task, e.g. `dynamodb:putItem`. */
  send(api: string, input: object): Promise<unknown>;
  /** A new token, and what its task is answered with. */
  task(): { readonly token: string; readonly answer: Promise<unknown>; readonly forget: () => void };
  /** Counts what is being worked on, so that who waits for a moment of rest can. */
  working<Result>(work: Promise<Result>): Promise<Result>;
}

interface Scope {
  readonly variables: Record<string, unknown>;
  readonly execution: object;
}

/** A running execution: interprets the part of Amazon States Language that sagas compile to. */
export class Execution {
  /** States entered, each retry included: with its end, the transitions. */
  readonly entered: string[] = [];
  readonly #host: ExecutionHost;
  readonly #pauses = new Set<Alarm>();
  #stopped = false;

  constructor(host: ExecutionHost) {
    this.#host = host;
  }

  get transitions(): number {
    return this.entered.length + 1;
  }

  /** Ends it from outside: nothing more comes of it. */
  stop(): void {
    this.#stopped = true;
    for (const alarm of this.#pauses) alarm.cancelled = true;
  }

  /** @throws StateFailed when the execution fails */
  run(machine: Machine, execution: object, input: unknown): Promise<unknown> {
    return this.#machine(machine, { variables: {}, execution }, input);
  }

  async #machine({ StartAt, States }: Machine, scope: Scope, input: unknown): Promise<unknown> {
    let [name, value]: [string, unknown] = [StartAt, input];
    for (;;) {
      const state = States[name];
      if (!state) throw new StateFailed('States.Runtime', `There is no state '${name}'`);
      const { next, output } = await this.#state(name, state, scope, value);
      if (next === undefined) return output;
      [name, value] = [next, output];
    }
  }

  async #state(
    name: string,
    state: State,
    scope: Scope,
    input: unknown,
  ): Promise<{ readonly next?: string; readonly output: unknown }> {
    const attempts = new Map<object, number>();
    for (;;) {
      this.entered.push(name);
      try {
        const result = await this.#work(state, scope, input);
        const context = this.#context(scope, { input, result });
        const output = 'Output' in state ? await this.#evaluate(state.Output, context) : (result ?? input);
        await this.#assign(state.Assign, scope, context);
        const next = state.Type === 'Choice' ? (result as string) : state.Next;
        return { ...(next !== undefined && { next }), output: state.Type === 'Choice' ? input : output };
      } catch (thrown) {
        const failure = failureOf(thrown);
        const retry = state.Retry?.find((one) => matches(one.ErrorEquals, failure.error));
        const count = retry ? (attempts.get(retry) ?? 0) : 0;
        if (retry && count < retry.MaxAttempts) {
          attempts.set(retry, count + 1);
          const longest = Math.min(retry.MaxDelaySeconds, retry.IntervalSeconds * retry.BackoffRate ** count);
          const [byte = 0] = this.#host.random(1);
          // Moments are whole milliseconds.
          await this.#pause(Math.ceil((longest * 1000 * byte) / 255));
          continue;
        }
        const caught = state.Catch?.find((one) => matches(one.ErrorEquals, failure.error));
        if (!caught) throw failure;
        const errorOutput = { Error: failure.error, Cause: failure.message };
        const context = this.#context(scope, { input, errorOutput });
        const output = 'Output' in caught ? await this.#evaluate(caught.Output, context) : errorOutput;
        await this.#assign(caught.Assign, scope, context);
        return { next: caught.Next, output };
      }
    }
  }

  async #work(state: State, scope: Scope, input: unknown): Promise<unknown> {
    switch (state.Type) {
      case 'Task':
        return this.#task(state, scope, input);
      case 'Parallel':
        return this.#parallel(state, scope, input);
      case 'Choice':
        for (const { Condition, Next } of state.Choices ?? []) {
          if ((await this.#evaluate(Condition, this.#context(scope, { input }))) === true) return Next;
        }
        return state.Default;
      case 'Wait':
        await this.#pause((state.Seconds ?? 0) * 1000);
        return undefined;
      case 'Fail':
        throw new StateFailed(state.Error ?? '', state.Cause ?? '');
      case 'Pass':
      case 'Succeed':
        return undefined;
    }
  }

  async #task(state: State, scope: Scope, input: unknown): Promise<unknown> {
    const { Resource = '', TimeoutSeconds = 60, Arguments } = state;
    const [api = '', waits] = Resource.replace('arn:aws:states:::aws-sdk:', '').split('.');
    const task = waits === undefined ? undefined : this.#host.task();
    let timer: Alarm | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = this.#host.after(TimeoutSeconds * 1000, () => reject(new StateFailed('States.Timeout', '')));
      this.#pauses.add(timer);
    });
    timeout.catch(() => undefined);
    try {
      const context = this.#context(scope, { input }, task && { Task: { Token: task.token } });
      const request = (await this.#evaluate(Arguments, context)) as object;
      const sent = await Promise.race([this.#host.working(this.#host.send(api, request)), timeout]);
      return task ? await Promise.race([task.answer, timeout]) : sent;
    } finally {
      task?.forget();
      if (timer) {
        timer.cancelled = true;
        this.#pauses.delete(timer);
      }
    }
  }

  /** Variables of a branch are not seen outside. A branch that fails ends the others. */
  async #parallel({ Branches = [] }: State, scope: Scope, input: unknown): Promise<unknown> {
    const runs = Branches.map((branch) => {
      const inner = new Execution(this.#host);
      const variables = { ...scope.variables };
      return { inner, result: inner.#machine(branch, { ...scope, variables }, input) };
    });
    try {
      return await Promise.all(runs.map(({ result }) => result));
    } catch (error) {
      for (const { inner, result } of runs) {
        inner.stop();
        result.catch(() => undefined);
      }
      throw error;
    } finally {
      for (const { inner } of runs) this.entered.push(...inner.entered);
    }
  }

  #context({ variables, execution }: Scope, states: object, more: object = {}): EvaluationContext {
    const { now, random } = this.#host;
    return { now: now(), random, variables, states: { ...states, context: { Execution: execution, ...more } } };
  }

  async #evaluate(value: unknown, context: EvaluationContext): Promise<unknown> {
    if (this.#stopped) return new Promise(() => undefined);
    try {
      return await this.#host.working(evaluate(value, context));
    } catch (error) {
      throw new StateFailed('States.QueryEvaluationError', String((error as Error).message));
    }
  }

  async #assign(assign: State['Assign'], { variables }: Scope, context: EvaluationContext): Promise<void> {
    if (assign) Object.assign(variables, await this.#evaluate(assign, context));
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const alarm = this.#host.after(milliseconds, () => {
        this.#pauses.delete(alarm);
        if (!this.#stopped) resolve();
      });
      this.#pauses.add(alarm);
    });
  }
}

function failureOf(thrown: unknown): StateFailed {
  return thrown instanceof StateFailed ? thrown : new StateFailed('States.Runtime', String((thrown as Error)?.message));
}

/**
 * Whether names of errors stand for an error. `States.ALL` does not stand for what no definition can mend.
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
 */
function matches(names: readonly string[], error: string): boolean {
  if (names.includes(error)) return true;
  if (error === 'States.DataLimitExceeded' || error === 'States.Runtime') return false;
  return names.includes('States.ALL') || (names.includes('States.TaskFailed') && error !== 'States.Timeout');
}
