import { Duration } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { BINDINGS } from '../../contract/bindings.ts';
import type { EventDefinition } from '../../contract/event.ts';
import { METRICS } from '../../contract/metrics.ts';
import { type SagaSettings, starterName } from '../../contract/saga-settings.ts';
import { type SagaDefinition, type SagaShape, waitsIn } from '../../contract/saga-shape.ts';
import { waiterOf } from '../../contract/saga-waiter.ts';
import type { StepDefinition } from '../../contract/step.ts';
import { defineSubscriber } from '../../contract/subscriber.ts';
import { PARTITIONS, waitPartitions } from '../../ledger/rows/partitions.ts';
import { compileSaga } from '../../machine/compile.ts';
import { waitSettings } from '../../machine/wait-settings.ts';
import { allow } from '../aws/grants.ts';
import { allowRows } from '../aws/ledger-rows.ts';
import { QueueChannel } from '../channel/queue-channel.ts';
import { FrameworkFunction } from '../framework/framework-function.ts';
import { InvalidConstruct } from '../invalid-construct.ts';
import type { ILedger } from '../ledger/ledger-interface.ts';
import { countedMetric } from '../observe/ledger-metrics.ts';
import { deploymentGraphOf } from '../rules/prove-delivery.ts';
import { Subscriber } from '../subscriber/subscriber.ts';
import type { AddSubscriberOptions } from '../subscriber/subscriber-props.ts';
import { SagaKeeper } from './saga-keeper.ts';
import { SagaMachine } from './saga-machine.ts';

/** How a step is deployed: as a subscriber of its own, or as one that another saga has deployed. */
export type SagaStepDeployment<Step extends StepDefinition = StepDefinition> =
  | AddSubscriberOptions<Step['tables']>
  | Subscriber;

/** What a Saga takes. */
export interface SagaProps<
  Steps extends Readonly<Record<string, StepDefinition>> = Readonly<Record<string, StepDefinition>>,
> {
  readonly ledger: ILedger;
  /** The definition that the handlers of its steps import too. */
  readonly saga: EventDefinition & { readonly saga: SagaShape<Steps> };
  /** How each step is deployed, by its name in the saga: its handler is `consumeStep(<its definition>, …)`. */
  readonly steps: { readonly [Name in keyof Steps]: SagaStepDeployment<Steps[Name]> };
  /** After how long an execution that has not ended rings an alarm. @default Duration.days(1) */
  readonly tooOld?: Duration;
  /** How long the logs of its own functions are kept. @default ONE_MONTH */
  readonly logRetention?: logs.RetentionDays;
}

/**
 * A saga: the state machine that tells its steps to run and to undo, the steps as subscribers, the function that starts an
 * execution for each message, and the one that keeps any from being left half done.
 *
 * Executions that run when a new version is deployed keep the state machine that they were started with. So what a step takes
 * and answers is a contract: `waybill contract check` compares it with its snapshot.
 *
 * @example
 * new Saga(this, 'PlaceOrder', {
 *   ledger,
 *   saga: PlaceOrder,
 *   steps: { reserve: { handler: reserveFn, tables: { stock } }, charge: { handler: chargeFn }, ship: { handler: shipFn } },
 * });
 */
export class Saga<
  Steps extends Readonly<Record<string, StepDefinition>> = Readonly<Record<string, StepDefinition>>,
> extends Construct {
  /** Runs the steps, and undoes them where one fails. */
  readonly stateMachine: sfn.StateMachine;
  /** Undoes what executions have left that ended by themselves. */
  readonly unwindMachine: sfn.StateMachine;
  /** The subscribers of its steps, by their names in the saga. */
  readonly steps: Readonly<Record<keyof Steps & string, Subscriber>>;
  readonly #ledger: ILedger;
  readonly #name: string;

  /**
   * @throws InvalidConstruct when a step is not deployed, or twice in different ways, or `Subscriber` throws it
   * @throws InvalidDefinition when a selection computes or chooses
   */
  constructor(scope: Construct, id: string, props: SagaProps<Steps>) {
    super(scope, id);
    const { ledger, tooOld = Duration.days(1), logRetention } = props;
    const definition = props.saga as SagaDefinition;
    const { name } = definition.saga;
    this.#ledger = ledger;
    this.#name = name;
    const compiled = compileSaga(definition, { table: ledger.table.tableName });
    const machine = (id: string, of: 'forward' | 'unwind') =>
      new SagaMachine(this, id, { ledger, saga: name, definition: compiled[of] }).stateMachine;
    this.stateMachine = machine('StateMachine', 'forward');
    this.unwindMachine = machine('UnwindMachine', 'unwind');
    this.steps = this.#deploySteps(definition, props.steps) as Saga<Steps>['steps'];

    const settings: SagaSettings = {
      name,
      version: definition.version,
      businessLine: definition.businessLine,
      machine: this.stateMachine.stateMachineArn,
      unwindMachine: this.unwindMachine.stateMachineArn,
    };
    this.#deployStarter(definition, JSON.stringify(settings), logRetention);
    this.#deployWaiter(definition, { ...settings, waits: waitSettings(definition) }, logRetention);
    new SagaKeeper(this, 'Keeper', {
      ledger,
      saga: name,
      settings: JSON.stringify(settings),
      machine: this.stateMachine,
      unwindMachine: this.unwindMachine,
      ...(logRetention !== undefined && { logRetention }),
    });
    deploymentGraphOf(this).addSaga({ construct: this, ledger, definition, tooOldSeconds: tooOld.toSeconds() });
  }

  /** Executions that wait for somebody to decide. @default maximum over 5 minutes */
  metricStuck(options: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return countedMetric(this.#ledger, METRICS.sagaStuck(this.#name), { statistic: 'Maximum', ...options });
  }

  /** Seconds since the oldest execution that has not ended was started. @default maximum over 5 minutes */
  metricOldest(options: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return countedMetric(this.#ledger, METRICS.sagaOldest(this.#name), { statistic: 'Maximum', ...options });
  }

  #deploySteps(definition: SagaDefinition, given: Readonly<Record<string, unknown>>) {
    const steps = Object.entries(definition.saga.steps);
    const own = new Map<string, { readonly deployment: unknown; readonly subscriber: Subscriber }>();
    const missing = steps.find(([name]) => given?.[name] === undefined);
    if (missing) {
      throw new InvalidConstruct(
        this,
        `\`steps\` has no '${missing[0]}': give its handler, or the subscriber that it is already`,
      );
    }
    const consumes = steps
      .filter(([name]) => !(given[name] instanceof Subscriber))
      .flatMap(([, step]) => step.consumes);
    const channel =
      consumes.length > 0
        ? new QueueChannel(this, 'Commands', { ledger: this.#ledger, events: [...new Set(consumes)] })
        : undefined;
    const deployed = steps.map(([name, step]) => {
      const deployment = given[name];
      const known = own.get(step.name);
      if (known && known.deployment !== deployment) {
        throw new InvalidConstruct(
          this,
          `The step '${step.name}' is deployed twice: give '${name}' the same as before`,
        );
      }
      const subscriber =
        known?.subscriber ??
        (deployment instanceof Subscriber
          ? deployment
          : channel?.addSubscriber(step, deployment as AddSubscriberOptions));
      if (!subscriber) throw new InvalidConstruct(this, `'${name}' is not deployed`);
      if (!known) this.#equip(subscriber);
      own.set(step.name, { deployment, subscriber });
      return [name, subscriber] as const;
    });
    return Object.fromEntries(deployed);
  }

  /** Lets a step's function keep what it has done, read the token of the task that waits, and answer it. */
  #equip({ handler }: Subscriber): void {
    const { table } = this.#ledger;
    allowRows(handler, table, { actions: ['dynamodb:GetItem', 'dynamodb:PutItem'], partitions: PARTITIONS.sagas });
    allowRows(handler, table, { actions: ['dynamodb:GetItem'], partitions: PARTITIONS.outbox });
    for (const { stateMachineArn } of [this.stateMachine, this.unwindMachine]) {
      allow(handler, ['states:SendTaskSuccess', 'states:SendTaskFailure'], stateMachineArn);
    }
  }

  /** What hears the events that the saga waits for, if it waits for any. */
  #deployWaiter(
    definition: SagaDefinition,
    settings: SagaSettings,
    logRetention: logs.RetentionDays | undefined,
  ): void {
    const waits = waitsIn(definition.saga.stages);
    if (waits.length === 0) return;
    const { name } = definition.saga;
    const waiter = new FrameworkFunction(this, 'Waiter', {
      ledger: this.#ledger,
      asset: 'saga-waiter',
      description: `Waybill: hears what the saga '${name}' waits for`,
      environment: { [BINDINGS.saga]: JSON.stringify(settings) },
      allows: [[['states:SendTaskSuccess', 'states:SendTaskFailure'], this.stateMachine.stateMachineArn]],
      rows: [
        {
          actions: ['dynamodb:GetItem', 'dynamodb:PutItem'],
          partitions: [...PARTITIONS.sagas, ...waitPartitions(name)],
        },
        { actions: ['dynamodb:GetItem'], partitions: PARTITIONS.outbox },
      ],
      timeout: Duration.seconds(30),
      memorySize: 256,
      ...(logRetention !== undefined && { logRetention }),
    });
    const subscriber = waiterOf(settings);
    const events = new Map(waits.map(({ event }) => [event.type, event]));
    const consumes = subscriber.consumes.map((heard) => events.get(heard.type) ?? heard);
    const channel = new QueueChannel(this, 'Waits', { ledger: this.#ledger, events: consumes });
    channel.addSubscriber(
      { ...subscriber, consumes },
      {
        handler: waiter.function,
        tables: {},
        ...(logRetention !== undefined && { logRetention }),
      },
    );
  }

  #deployStarter(definition: SagaDefinition, settings: string, logRetention: logs.RetentionDays | undefined): void {
    const { name } = definition.saga;
    const starter = new FrameworkFunction(this, 'Starter', {
      ledger: this.#ledger,
      asset: 'saga-starter',
      description: `Waybill: starts the saga '${name}'`,
      environment: { [BINDINGS.saga]: settings },
      allows: [[['states:StartExecution'], this.stateMachine.stateMachineArn]],
      rows: [{ actions: ['dynamodb:PutItem'], partitions: PARTITIONS.sagas }],
      timeout: Duration.seconds(30),
      memorySize: 256,
      ...(logRetention !== undefined && { logRetention }),
    });
    const channel = new QueueChannel(this, 'Starts', { ledger: this.#ledger, events: [definition] });
    channel.addSubscriber(defineSubscriber(starterName(name), { consumes: [definition] }), {
      handler: starter.function,
      ...(logRetention !== undefined && { logRetention }),
    });
  }
}
