import { PutItemCommand, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import type {
  DescribeExecutionCommandInput,
  ListExecutionsCommandInput,
  SendTaskFailureCommandInput,
  SendTaskSuccessCommandInput,
  SFNClient,
  StartExecutionCommandInput,
  StopExecutionCommandInput,
} from '@aws-sdk/client-sfn';
import type { StateMachine } from '../../../machine/states.ts';
import type { DynamoDbEngine } from '../dynamodb/engine.ts';
import { Engine } from '../engine.ts';
import type { AlarmClock } from '../scheduler/index.ts';
import { directWire, type Operations, type SdkCommand, type Wire } from '../wire.ts';
import { Execution, type ExecutionHost, StateFailed } from './execution.ts';

/** Where state machines run, and what their tasks reach. */
export interface StepFunctionsOptions {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly after: AlarmClock;
  readonly random: (bytes: number) => Uint8Array;
  readonly dynamodb: DynamoDbEngine;
  /** Carries the requests of tasks. @default answers at once */
  readonly wire?: Wire;
}

/** An execution as it is known. */
export interface ExecutionView {
  readonly arn: string;
  readonly name: string;
  readonly machine: string;
  readonly status: 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';
  readonly input: string;
  readonly output?: unknown;
  readonly error?: string;
  readonly cause?: string;
  /** Milliseconds since the epoch. */
  readonly started: number;
  /** The names of the states entered, each retry included. */
  readonly entered: readonly string[];
  readonly transitions: number;
}

interface Running {
  readonly execution: Execution;
  view: Omit<ExecutionView, 'entered' | 'transitions'>;
}

interface PendingTask {
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: StateFailed) => void;
}

/** What tasks may call, and the request of it. */
const REQUESTS: Readonly<
  Record<string, { readonly operation: string; readonly command: (input: never) => SdkCommand }>
> = {
  'dynamodb:putItem': { operation: 'PutItem', command: (input) => new PutItemCommand(input) },
  'dynamodb:transactWriteItems': {
    operation: 'TransactWriteItems',
    command: (input) => new TransactWriteItemsCommand(input),
  },
};
const TOKEN_BYTES = 32;

/**
 * Step Functions in memory, on a given clock: it runs Standard state machines whose query language is JSONata, and whose tasks
 * call DynamoDB, with Retry, Catch, Parallel, Choice, Wait and task tokens. Listeners are told of each execution that has ended.
 */
export class StepFunctionsEngine extends Engine<SFNClient, [execution: ExecutionView]> {
  protected override readonly operations: Operations;
  readonly #options: StepFunctionsOptions;
  readonly #machines = new Map<string, StateMachine>();
  readonly #running = new Map<string, Running>();
  readonly #tasks = new Map<string, PendingTask>();
  readonly #settled = new Set<string>();
  #busy = 0;

  constructor(options: StepFunctionsOptions) {
    super(options);
    this.#options = options;
    this.operations = {
      StartExecution: (input) => this.#start(input),
      DescribeExecution: (input) => this.#describe(input),
      ListExecutions: (input) => this.#list(input),
      StopExecution: (input) => this.#stop(input),
      SendTaskSuccess: (input) => this.#succeed(input),
      SendTaskFailure: (input) => this.#fail(input),
    };
  }

  /** Makes a state machine, or gives it another definition, which new executions have. Answers with its ARN. */
  createStateMachine(name: string, definition: StateMachine): string {
    const arn = `arn:aws:states:us-east-1:000000000000:stateMachine:${name}`;
    this.#machines.set(arn, definition);
    return arn;
  }

  /** All executions, the first that was started first. */
  get executions(): readonly ExecutionView[] {
    return [...this.#running.values()].map(({ view, execution }) => ({
      ...view,
      entered: execution.entered,
      transitions: execution.transitions,
    }));
  }

  /** Ends an execution from outside, as an operator may in the console. */
  stop(executionArn: string): void {
    this.#stop({ executionArn });
  }

  /** Tokens of the tasks that wait. */
  get waiting(): readonly string[] {
    return [...this.#tasks.keys()];
  }

  /** Waits until every execution waits for something. @returns whether one did not */
  async rest(): Promise<boolean> {
    const busy = this.#busy > 0;
    while (this.#busy > 0) await new Promise((resolve) => setImmediate(resolve));
    return busy;
  }

  #start({ stateMachineArn = '', name = '', input = '{}' }: StartExecutionCommandInput) {
    const definition = this.#machines.get(stateMachineArn);
    if (!definition) throw failure('StateMachineDoesNotExist');
    const arn = `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
    const known = this.#running.get(arn);
    if (known) {
      if (known.view.status === 'RUNNING' && known.view.input === input) return { executionArn: arn };
      throw failure('ExecutionAlreadyExists');
    }
    const execution = new Execution(this.#host());
    const view = { arn, name, machine: stateMachineArn, status: 'RUNNING', input, started: this.now() } as const;
    const running: Running = { execution, view };
    this.#running.set(arn, running);
    const context = { Id: arn, Name: name, Input: JSON.parse(input) as unknown };
    const run = execution.run(definition, context, context.Input);
    run.then(
      (output) => this.#end(running, { status: 'SUCCEEDED', output }),
      (thrown: unknown) => {
        const { error, message } = thrown as StateFailed;
        this.#end(running, { status: error === 'States.Timeout' ? 'TIMED_OUT' : 'FAILED', error, cause: message });
      },
    );
    return { executionArn: arn, startDate: new Date(this.now()) };
  }

  #end(running: Running, end: Partial<ExecutionView>): void {
    if (running.view.status !== 'RUNNING') return;
    running.view = { ...running.view, ...end };
    const { view, execution } = running;
    this.tell({ ...view, entered: execution.entered, transitions: execution.transitions });
  }

  #describe({ executionArn = '' }: DescribeExecutionCommandInput) {
    const { view } = this.#known(executionArn);
    const { status, input, cause, error, started, output } = view;
    return {
      executionArn,
      name: view.name,
      stateMachineArn: view.machine,
      status,
      input,
      ...(cause !== undefined && { cause, error }),
      ...(output !== undefined && { output: JSON.stringify(output) }),
      startDate: new Date(started),
    };
  }

  #list({ stateMachineArn, statusFilter }: ListExecutionsCommandInput) {
    const found = [...this.#running.values()].filter(
      ({ view }) => view.machine === stateMachineArn && (statusFilter === undefined || view.status === statusFilter),
    );
    return {
      executions: found.reverse().map(({ view: { arn, name, machine, status, started } }) => ({
        executionArn: arn,
        name,
        stateMachineArn: machine,
        status,
        startDate: new Date(started),
      })),
    };
  }

  #stop({ executionArn = '', error = '', cause = '' }: StopExecutionCommandInput) {
    const running = this.#known(executionArn);
    running.execution.stop();
    this.#end(running, { status: 'ABORTED', error, cause });
    return { stopDate: new Date(this.now()) };
  }

  #known(arn: string): Running {
    const running = this.#running.get(arn);
    if (running) return running;
    throw failure('ExecutionDoesNotExist');
  }

  #succeed({ taskToken = '', output = '{}' }: SendTaskSuccessCommandInput) {
    this.#task(taskToken).resolve(JSON.parse(output));
    return {};
  }

  #fail({ taskToken = '', error = '', cause = '' }: SendTaskFailureCommandInput) {
    this.#task(taskToken).reject(new StateFailed(error, cause));
    return {};
  }

  #task(token: string): PendingTask {
    const task = this.#tasks.get(token);
    if (!task) throw failure(this.#settled.has(token) ? 'TaskTimedOut' : 'InvalidToken');
    this.#forget(token);
    // What follows from the answer is work.
    void this.#working(new Promise((resolve) => setImmediate(resolve)));
    return task;
  }

  #forget(token: string): void {
    if (this.#tasks.delete(token)) this.#settled.add(token);
  }

  #host(): ExecutionHost {
    const { now, after, random } = this.#options;
    return {
      now,
      after: (milliseconds, run) =>
        after(milliseconds, () => {
          void this.#working(new Promise((resolve) => setImmediate(resolve)));
          run();
        }),
      random,
      send: (api, input) => this.#send(api, input),
      task: () => this.#newTask(),
      working: (work) => this.#working(work),
    };
  }

  #newTask() {
    const token = Buffer.from(this.#options.random(TOKEN_BYTES)).toString('base64url');
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#tasks.set(token, { resolve, reject });
    });
    answer.catch(() => undefined);
    return { token, answer, forget: () => this.#forget(token) };
  }

  async #send(api: string, input: object): Promise<unknown> {
    const request = REQUESTS[api];
    if (!request) throw new StateFailed('States.Runtime', `Step Functions in memory does not call '${api}'`);
    const { dynamodb, wire = directWire } = this.#options;
    const { operation } = request;
    const command = request.command(input as never);
    try {
      const { $metadata: _, ...output } = (await wire({ operation, input }, () => dynamodb.apply(command))) as Record<
        string,
        unknown
      >;
      return output;
    } catch (error) {
      const { name, message, CancellationReasons } = error as Error & {
        readonly CancellationReasons?: { Code?: string }[];
      };
      const reasons = CancellationReasons?.map(({ Code = 'None' }) => Code).join(', ');
      throw new StateFailed(`DynamoDb.${name}`, reasons === undefined ? message : `${message} [${reasons}]`);
    }
  }

  /** Counted until what follows at once has been done too. */
  async #working<Result>(work: Promise<Result>): Promise<Result> {
    this.#busy += 1;
    try {
      return await work;
    } finally {
      setImmediate(() => {
        this.#busy -= 1;
      });
    }
  }
}

function failure(name: string): Error {
  return Object.assign(new Error(`${name}, says Step Functions in memory`), { name, $fault: 'client', $metadata: {} });
}
