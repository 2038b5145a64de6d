import { Duration, Lazy, Names, Stack, Tags } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';
import { BINDINGS } from '../../contract/bindings.ts';
import type { ScalerInput, ScaleSettings } from '../../contract/scale.ts';
import { PARTITIONS } from '../../ledger/rows/partitions.ts';
import { SEND } from '../aws/grants.ts';
import { allowRows } from '../aws/ledger-rows.ts';
import { WildcardPolicy } from '../aws/wildcard-policy.ts';
import type { ILedger } from '../ledger/ledger-interface.ts';
import { Controller } from './controller.ts';
import { EveryMinute } from './every-minute.ts';
import { FrameworkFunction } from './framework-function.ts';
import { SCALER_TAG } from './scaler-tag.ts';

/**
 * The function that decides each minute how much the subscribers of an app take on at once, of those on one ledger that scale.
 * It changes no event source itself: it asks the controller, which does so for breakers too. What it reads and has set is tagged.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/attribute-based-access-control.html
 */
export class Scaler extends FrameworkFunction {
  /** The scaler of a ledger's subscribers in this app: made with the first that scales. */
  static of(ledger: ILedger): Scaler {
    return (ledger.node.tryFindChild('Scaler') as Scaler | undefined) ?? new Scaler(ledger);
  }

  /** The value of the tag. */
  readonly tag: string;
  readonly #scale: Record<string, Partial<ScaleSettings>> = {};
  /** The timeouts of those that are watched, in milliseconds, by their names. */
  readonly #watched: Record<string, number> = {};
  readonly #table: ILedger['table'];
  readonly #controller: Controller;
  #forecasts = false;
  #readsStreams = false;
  #reshards = false;

  private constructor(ledger: ILedger) {
    const controller = Controller.of(ledger);
    const { queue } = controller;
    super(ledger, 'Scaler', {
      ledger,
      asset: 'scaler',
      description: 'Waybill: decides by their backlogs how much subscribers take on at once',
      environment: { [BINDINGS.controlQueueUrl]: queue.queueUrl },
      allows: [[SEND, queue.queueArn]],
      rows: [
        { actions: ['dynamodb:GetItem', 'dynamodb:PutItem'], partitions: PARTITIONS.scales },
        { actions: ['dynamodb:GetItem'], partitions: PARTITIONS.circuits },
        { actions: ['dynamodb:Query'], partitions: [...PARTITIONS.routes, ...PARTITIONS.eventTypes] },
      ],
      // One that watches goes on for a minute.
      timeout: Duration.seconds(90),
      memorySize: 128,
    });
    this.#table = ledger.table;
    this.#controller = controller;
    this.tag = Names.uniqueResourceName(this, { maxLength: 120 });
    const setting = { actions: ['dynamodb:GetItem', 'dynamodb:UpdateItem'], partitions: PARTITIONS.scales };
    allowRows(controller.function, ledger.table, setting);
    new WildcardPolicy(this, 'Set', controller.function.role as iam.IRole, this.#setting(), SETTING);
    new WildcardPolicy(this, 'Read', this.role, [this.#reading()], READING);
    new EveryMinute(this, 'EveryMinute', {
      function: this.function,
      description: 'Waybill: decides how much subscribers take on at once',
      encryptionKey: ledger.encryptionKey,
      // Plain values: the schedule refers to no subscriber, whose stack refers to this one.
      input: Lazy.any({ produce: () => this.#told() }),
    });
  }

  /** Has a subscriber watched, and all be looked at every 5 seconds. @param timeout of its function */
  watch(subscriber: string, queue: IConstruct, timeout = LAMBDA_TIMEOUT): void {
    this.#allowListing();
    if (Object.keys(this.#watched).length === 0) {
      allowRows(this.role, this.#table, {
        actions: ['dynamodb:Query'],
        partitions: [...PARTITIONS.inbox, ...PARTITIONS.shards, ...PARTITIONS.outbox],
      });
    }
    this.#watched[subscriber] = timeout.toMilliseconds();
    this.#tag(queue);
  }

  /** Scales a subscriber. @param scaled its queue, and the event source that is set */
  add(subscriber: string, settings: Partial<ScaleSettings>, ...scaled: readonly IConstruct[]): void {
    this.#scale[subscriber] = settings;
    if (settings.forecast) this.#allowForecasts();
    for (const one of scaled) this.#tag(one);
  }

  /** Has what waits in a stream read from CloudWatch, and the controller give it shards. @param resharded the stream whose shards scale, if they do */
  addStream(resharded: IConstruct | undefined): void {
    this.#allowListing();
    if (!this.#readsStreams) {
      this.#readsStreams = true;
      const read = new iam.PolicyStatement({ actions: ['cloudwatch:GetMetricData'], resources: ['*'] });
      new WildcardPolicy(this, 'Metrics', this.role, [read], 'GetMetricData knows no resource');
    }
    if (!resharded) return;
    this.#tag(resharded);
    if (this.#reshards) return;
    this.#reshards = true;
    const role = this.#controller.function.role as iam.IRole;
    const actions = ['kinesis:DescribeStreamSummary', 'kinesis:UpdateShardCount'];
    new WildcardPolicy(this, 'Reshard', role, [this.#tagged('kinesis', 'stream/*', ...actions)], RESHARDING);
  }

  /** Which function reads a queue, and by which event source. */
  #allowListing(): void {
    if (this.node.tryFindChild('List')) return;
    const list = new iam.PolicyStatement({ actions: ['lambda:ListEventSourceMappings'], resources: ['*'] });
    new WildcardPolicy(this, 'List', this.role, [list], 'ListEventSourceMappings knows no resource');
  }

  #allowForecasts(): void {
    if (this.#forecasts) return;
    this.#forecasts = true;
    allowRows(this.role, this.#table, { actions: ['dynamodb:Query'], partitions: PARTITIONS.radar });
  }

  #told(): ScalerInput {
    const watch = Object.keys(this.#watched);
    return { scale: this.#scale, ...(watch.length > 0 && { watch, timeouts: this.#watched }) };
  }

  #tag(one: IConstruct): void {
    Tags.of(one).add(SCALER_TAG, this.tag, { applyToLaunchedInstances: false });
  }

  #reading(): iam.PolicyStatement {
    return this.#tagged('sqs', '*', 'sqs:GetQueueAttributes');
  }

  #setting(): iam.PolicyStatement[] {
    return [this.#tagged('lambda', 'event-source-mapping:*', 'lambda:UpdateEventSourceMapping'), this.#reading()];
  }

  #tagged(service: string, resource: string, ...actions: readonly string[]): iam.PolicyStatement {
    return new iam.PolicyStatement({
      actions: [...actions],
      resources: [Stack.of(this).formatArn({ service, resource })],
      conditions: { StringEquals: { [`aws:ResourceTag/${SCALER_TAG}`]: this.tag } },
    });
  }
}

/** Of a function that says none. */
const LAMBDA_TIMEOUT = Duration.seconds(3);

const READING = 'The scaler reads no queue but those that its subscribers have tagged';
const RESHARDING = 'The controller changes the shards of no stream but those that subscribers that scale have tagged';
const SETTING =
  'The controller sets no event source, and reads no queue, but those that subscribers that scale have tagged';
