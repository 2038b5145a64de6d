import type { KinesisStreamEvent } from 'aws-lambda';
import { fromItem, toItem } from '../../aws/attribute.ts';
import type { Environment } from '../../aws/environment.ts';
import { BINDINGS } from '../../contract/bindings.ts';
import { type Duration, durationToMilliseconds } from '../../contract/duration.ts';
import { validate } from '../../contract/schema.ts';
import type { AnyTable, TableItem, TableKey } from '../../contract/table.ts';
import type { DeadLetter } from '../delivery.ts';
import type {
  AlarmClock,
  CloudWatchEngine,
  LambdaEngine,
  Queue,
  StepFunctionsEngine,
  Table,
  Wire,
} from '../engines/index.ts';
import { TestMisused, UnsupportedByEngine } from '../errors.ts';
import { type LambdaHandler, lambdaFunction } from '../lambda/index.ts';
import { readLetter } from '../letter-box.ts';
import { Outbox } from '../outbox.ts';
import { seededRandom } from '../seeded-random.ts';
import {
  type Engines,
  enginesOn,
  type TestEnvironment,
  type TestEnvironmentOptions,
  tableOf,
  testEnvironment,
} from '../test-environment.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { Deployment, SHARDS } from './deployment.ts';
import type { StackFunction } from './function.ts';
import type { MemoryStackOptions, StackRequest } from './options.ts';
import { type StackClock, StackRun } from './run.ts';
import { failedExecution, keeperName, sagaOfMachine } from './sagas.ts';

/** Differences of an environment from the stack's own. */
export interface StackEnvironmentOptions extends Partial<Pick<TestEnvironmentOptions, 'clock' | 'wire' | 'random'>> {
  /** The subscriber whose bindings it has. @default it has the ledger's only */
  readonly subscriber?: string;
  /** Bindings beside these; `undefined` takes one away. */
  readonly variables?: Environment['variables'];
}

const START = Date.UTC(2026, 0, 1);
const PRODUCER = 'producer';
const STATES = 'states';
/** After which EventBridge and a queue have told a keeper of an execution. */
const KEEPER_TOLD_MS = 1_000;

/**
 * A ledger, its subscribers and everything between them in memory, as the constructs deploy it: tables, queues, streams and
 * schedules on engines that answer as AWS does, relay, forwarder, sweep, reconciler, recorders and check-back, and the event
 * sources that invoke them. It runs the code that runs in Lambda. Nothing happens by itself: `settle` runs all that can run
 * now, and `advance` lets time pass with all that is due meanwhile. No AWS account, no network, no waiting.
 *
 * @example
 * const stack = new MemoryStack({ subscribers: [ReserveStock], handlers: { 'reserve-stock': handler } });
 * stack.row(Stock, { sku: 'a', quantity: 5, version: 0 });
 * await publish(OrderPlaced, { orderId: '1', sku: 'a', quantity: 2 }, { environment: stack.environment() });
 * await stack.settle();
 * expect(stack.read(Stock, { sku: 'a' })?.quantity).toBe(3);
 */
export class MemoryStack {
  readonly clock: StackClock;
  readonly engines: Engines;
  /** The messages that were committed. */
  readonly outbox: Outbox;
  readonly #options: MemoryStackOptions;
  readonly #random: Environment['random'];
  readonly #deployment: Deployment;
  readonly #running = new Map<string, { readonly handler: LambdaHandler; readonly environment: TestEnvironment }>();
  readonly #misuses: Error[] = [];
  #run: StackRun | undefined;

  constructor(options: MemoryStackOptions = {}) {
    const { clock = new VirtualClock({ now: START, jumps: true }), engines = enginesOn(clock), seed = 1 } = options;
    this.#options = options;
    this.#random = seededRandom(seed);
    this.clock = clock;
    this.engines = engines;
    const after: AlarmClock = (milliseconds, run) => this.#runner().after(milliseconds, run);
    const wireOfStates: Wire = (request, apply) => this.#carry({ ...request, from: STATES }, apply);
    const deployed = { ...options, random: this.#random, wireOfStates };
    this.#deployment = new Deployment(engines, clock.now, after, deployed, (name, event) => this.invoke(name, event));
    this.stepFunctions?.onEvent((execution) => {
      const event = failedExecution(execution);
      if (event) this.#tellKeeper(keeperName(sagaOfMachine(execution.machine)), event, after);
    });
    const shards = options.shards ?? SHARDS;
    this.outbox = new Outbox(this.ledger, { now: clock.now, random: this.#random, shards });
  }

  /** The ledger's table. */
  get ledger(): Table {
    return this.#deployment.ledger;
  }

  /** Lambda's control of event sources, where subscribers have breakers or scale. */
  get lambda(): LambdaEngine | undefined {
    return this.#deployment.lambda;
  }

  /** CloudWatch, where subscribers scale: what comes to streams, and how late functions are handed it. */
  get cloudwatch(): CloudWatchEngine | undefined {
    return this.#deployment.cloudwatch;
  }

  /** Step Functions, where there are sagas: their executions. */
  get stepFunctions(): StepFunctionsEngine | undefined {
    return this.#deployment.stepFunctions;
  }

  /** The quarantine bucket's name. */
  get bucket(): string {
    return this.#deployment.bucket;
  }

  /** All functions, by name. */
  get functions(): ReadonlyMap<string, StackFunction> {
    return this.#deployment.functions;
  }

  /** The time, in milliseconds since the epoch. */
  get now(): number {
    return this.clock.now();
  }

  /**
   * All queues, by name: a subscriber's own, `<name>-dead` and `<name>-backstop` (also where they are FIFO queues), `forwarder`, `check-back`
   * and `reconciler`.
   */
  get queues(): ReadonlyMap<string, Queue> {
    return this.#deployment.queues.all;
  }

  /**
   * Puts a row into a business table, in place of the one with its key.
   *
   * @throws InvalidPayload when it does not satisfy the table's schema, or holds what no row can
   */
  row<T extends AnyTable>(table: T, item: TableItem<T>): this {
    const rows = this.#table(table);
    const valid = toItem(validate(table.item, item, table.name) as object, table.name);
    rows.write(rows.keyOf(valid), valid);
    return this;
  }

  /** A row of a business table as it is now. */
  read<T extends AnyTable>(table: T, key: TableKey<T>): TableItem<T> | undefined {
    const rows = this.#table(table);
    const item = rows.get(rows.checkedKey(toItem(key, table.name)));
    return item && (fromItem(item, table.bigints) as TableItem<T>);
  }

  /** All rows of a business table as they are now, ordered by their keys. */
  rows<T extends AnyTable>(table: T): TableItem<T>[] {
    const items = this.#table(table).items();
    return items.map((item) => fromItem(item, table.bigints)) as TableItem<T>[];
  }

  /**
   * A new environment of somebody who works with the ledger: of a producer, or of a function of a subscriber.
   *
   * @throws TestMisused when there is no such subscriber
   */
  environment({ subscriber, variables, wire, ...given }: StackEnvironmentOptions = {}): TestEnvironment {
    const { scheduler, stepFunctions } = this.#deployment;
    const bindings = subscriber === undefined ? this.#deployment.variables : this.#bindingsOf(subscriber);
    return testEnvironment({
      clock: this.clock,
      random: this.#random,
      engines: this.engines,
      ...(scheduler && { scheduler }),
      ...(stepFunctions && { stepFunctions }),
      ...given,
      variables: { ...bindings, ...variables },
      wire: wire ?? ((request, apply) => this.#carry({ ...request, from: PRODUCER }, apply)),
    });
  }

  /**
   * The environment in which a function runs: what it has logged and counted.
   *
   * @throws TestMisused when there is no such function
   */
  environmentOf(name: string): TestEnvironment {
    return this.#started(name).environment;
  }

  /**
   * Invokes a function.
   *
   * @throws TestMisused when there is no such function
   * @throws the function's own error when it fails
   */
  async invoke(name: string, event: object = {}): Promise<unknown> {
    const { timeout } = this.#function(name);
    const age = ageIn(event, this.now);
    if (age !== undefined) this.cloudwatch?.count({ namespace: 'AWS/Lambda', name: 'IteratorAge', of: name }, age);
    return lambdaFunction({ name, timeout, ...this.#started(name) })(event);
  }

  /**
   * Lets event sources hand over all that is there now, and what follows from it. What is delayed, or waits to be tried
   * again, stays for later.
   *
   * @param names the functions whose event sources do. @default all of them
   * @throws UnsupportedByEngine when a function has asked something of an engine that the engine does not do
   */
  async settle(...names: readonly string[]): Promise<void> {
    await this.#runner().settle(names.length > 0 ? names : undefined);
    this.#refuseMisuse();
  }

  /**
   * Lets time pass: messages are delivered in their moments, and each minute sweep and reconciler run.
   *
   * @throws UnsupportedByEngine when a function has asked something of an engine that the engine does not do
   */
  async advance(duration: Duration): Promise<void> {
    await this.#runner().advanceTo(this.now + durationToMilliseconds(duration));
    this.#refuseMisuse();
  }

  /** Messages that a subscriber has given up, in the order in which it did. @throws TestMisused when there is no such subscriber */
  deadLetters(subscriber: string): Promise<DeadLetter[]> {
    const url = this.#bindingsOf(subscriber)[BINDINGS.deadLetterQueueUrl];
    const letters = this.engines.sqs.queue(url).messages();
    return Promise.all(letters.map((message) => readLetter(message, this.engines.s3)));
  }

  /** As its queue does: again, until it was told. */
  #tellKeeper(keeper: string, event: object, after: AlarmClock): void {
    after(KEEPER_TOLD_MS, () => {
      this.invoke(keeper, event).catch(() => this.#tellKeeper(keeper, event, after));
    });
  }

  #bindingsOf(subscriber: string): Environment['variables'] {
    const bindings = this.#deployment.subscribers.get(subscriber);
    if (bindings) return bindings;
    throw new TestMisused(`The stack has no subscriber '${subscriber}': give it among \`subscribers\``);
  }

  #table(table: AnyTable): Table {
    const { dynamodb } = this.engines;
    return dynamodb.table(tableOf(dynamodb, table));
  }

  #function(name: string): StackFunction {
    const found = this.functions.get(name);
    if (found) return found;
    throw new TestMisused(`The stack has no function '${name}', but ${[...this.functions.keys()].join(', ')}`);
  }

  #started(name: string) {
    const { load, variables } = this.#function(name);
    const wire: TestEnvironmentOptions['wire'] = (request, apply) => this.#carry({ ...request, from: name }, apply);
    const running = this.#running.get(name) ?? { handler: load(), environment: this.environment({ variables, wire }) };
    this.#running.set(name, running);
    return running;
  }

  /** The run time takes what an engine does not do for an error of AWS, and would try again. */
  async #carry(request: StackRequest, apply: () => object): Promise<object> {
    const { wire } = this.#options;
    try {
      return await (wire ? wire(request, apply) : apply());
    } catch (error) {
      if (error instanceof UnsupportedByEngine) this.#misuses.push(error);
      throw error;
    }
  }

  #refuseMisuse(): void {
    const misuse = this.#misuses.shift();
    if (misuse) throw misuse;
  }

  #runner(): StackRun {
    this.#run ??= new StackRun({
      functions: [...this.functions.values()],
      engines: this.engines,
      clock: this.clock,
      random: this.#random,
      invoke: (name, event) => this.invoke(name, event),
      ...(this.lambda && { lambda: this.lambda }),
      ...(this.stepFunctions && { stepFunctions: this.stepFunctions }),
    });
    return this.#run;
  }
}

/** The age of the last record of a stream's batch, in milliseconds, as Lambda counts it. */
function ageIn(event: object, now: number): number | undefined {
  const { Records } = event as { readonly Records?: KinesisStreamEvent['Records'] };
  const arrived = Array.isArray(Records) ? Records.at(-1)?.kinesis?.approximateArrivalTimestamp : undefined;
  return arrived === undefined ? undefined : Math.max(0, now - arrived * 1_000);
}
