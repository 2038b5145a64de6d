import { Duration, Validations } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { BINDINGS } from '../../contract/bindings.ts';
import { METRICS } from '../../contract/metrics.ts';
import { PARTITIONS } from '../../ledger/rows/partitions.ts';
import { SHARDS_A_RUN } from '../../ledger/rows/shards.ts';
import { encryptedQueue } from '../aws/encryption.ts';
import { CONSUME, SEND } from '../aws/grants.ts';
import type { RowGrant } from '../aws/ledger-rows.ts';
import { WildcardPolicy } from '../aws/wildcard-policy.ts';
import { visibilityFor } from '../aws/work-queue.ts';
import { InvalidConstruct } from '../invalid-construct.ts';
import { allowQuarantine } from '../ledger/quarantine.ts';
import { EveryMinute } from './every-minute.ts';
import type { LogOptions } from './execution.ts';
import { FrameworkFunction, type LedgerParts } from './framework-function.ts';

/** How a ledger reconciles itself. */
export interface ReconcilerOptions {
  /**
   * Whether the function has two concurrent executions of its own: one that compares, one that heals, so that neither waits
   * for the other, and a long run is hardly overtaken by the next. More at once do no harm, and only cost. An account whose limit is 10, as that of a new one is, can reserve none.
   * @default true
   */
  readonly reserveConcurrency?: boolean;
  /**
   * Runs that compare the ledger's shards beside the first, at most at once, from 2 to 1000: each has 64 shards. They have
   * a function and a queue of their own, which Lambda asks for requests all the time: about $0.30 a month. Without them
   * one run compares all shards one after the other.
   * @default one for each 64 shards beside the first 64, and 2 at least; none where `shards` is 64 or fewer
   */
  readonly workers?: number;
  /** MiB of the function. More is faster: Lambda gives it more of a processor. @default 512 */
  readonly memorySize?: number;
  /**
   * How long after a subscriber's removal its messages that have not ended are given up as abandoned: a rollback may bring
   * the subscriber back before. From 1 second to 14 days.
   * @default Duration.hours(1)
   */
  readonly abandonAfter?: Duration;
}

export interface ReconcilerProps extends ReconcilerOptions, LogOptions {
  /** The forward queue takes what producers never got to send. */
  readonly ledger: LedgerParts;
  /** @default CloudFormation chooses it */
  readonly roleName?: string;
}

/**
 * The function that compares outbox and inboxes every minute, sends again what is missing, and puts the metrics that
 * alarms watch. Which queues the function may send to is granted by each subscriber, in its own stack.
 */
export class Reconciler extends FrameworkFunction {
  constructor(scope: Construct, id: string, props: ReconcilerProps) {
    const { table, shards, maxShards, forwardQueue, encryptionKey, quarantineBucket } = props.ledger;
    const environment = {
      [BINDINGS.forwardQueueUrl]: forwardQueue.queueUrl,
      [BINDINGS.quarantineBucket]: quarantineBucket.bucketName,
      ...(maxShards !== undefined && { [BINDINGS.maxShards]: String(maxShards) }),
      ...(props.abandonAfter && { [BINDINGS.abandonAfter]: secondsOf(props.abandonAfter, scope) }),
    };
    super(scope, id, {
      ...props,
      asset: 'reconciler',
      description: 'Waybill: finds what is missing, and sends it again',
      environment,
      allows: [
        [READS, table.tableArn],
        [AGE, table.tableArn],
        [SEND, forwardQueue.queueArn],
      ],
      rows: WRITES,
      // A run after a standstill has more to look at. What one run does not get through, the next one goes on with.
      timeout: TIMEOUT,
      memorySize: props.memorySize ?? 512,
      reservedConcurrentExecutions: (props.reserveConcurrency ?? true) ? 2 : undefined,
    });
    allowQuarantine(this, this.role, quarantineBucket, 'unfinished');
    new WildcardPolicy(this, 'Observation', this.role, observing(), OBSERVING);
    const workers = props.workers ?? workersFor(maxShards ?? shards);
    if (props.workers !== undefined || workers > 0) {
      new ReconcilerWorkers(this, 'Workers', { ...props, reconciler: this, environment, workers });
    }
    const description = 'Waybill: reconciles the ledger';
    new EveryMinute(this, 'EveryMinute', {
      function: this.function,
      description,
      encryptionKey,
      input: { run: 'compare' },
      beside: { id: 'HealSchedule', description: 'Waybill: heals the ledger', input: { run: 'heal' } },
    });
  }
}

const TIMEOUT = Duration.minutes(5);

/** As many as a ledger's shards keep busy. */
function workersFor(shards: number): number {
  const others = Math.ceil(shards / SHARDS_A_RUN) - 1;
  return others > 0 ? Math.max(LEAST_WORKERS, others) : 0;
}

/** Lambda's own, of an event source on a queue. */
const LEAST_WORKERS = 2;

interface ReconcilerWorkersProps extends LogOptions {
  readonly ledger: LedgerParts;
  readonly reconciler: FrameworkFunction;
  readonly environment: Readonly<Record<string, string>>;
  readonly workers: number;
  readonly memorySize?: number;
}

/**
 * The function that compares the shards of a large ledger, each run some of them, and the queue by which the reconciler
 * asks it to, each minute. It has the reconciler's role, which subscribers of other stacks know.
 */
class ReconcilerWorkers extends Construct {
  constructor(scope: Construct, id: string, props: ReconcilerWorkersProps) {
    super(scope, id);
    const { ledger, reconciler, environment, workers, memorySize } = props;
    if (!Number.isInteger(workers) || workers < LEAST_WORKERS || workers > MOST_WORKERS) {
      throw new InvalidConstruct(
        scope,
        `\`workers\` is ${workers}: give a whole number from 2 to 1000, or leave it out`,
      );
    }
    const queue = new sqs.Queue(this, 'Queue', {
      ...encryptedQueue(ledger.encryptionKey),
      visibilityTimeout: visibilityFor(TIMEOUT),
      // What is older, the requests of the minutes since ask for.
      retentionPeriod: TIMEOUT,
    });
    Validations.of(queue).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason: 'A request that fails is made again in the next minute: nothing needs to be kept',
    });
    reconciler.function.addEnvironment(BINDINGS.reconcileQueueUrl, queue.queueUrl);
    const worker = new FrameworkFunction(this, 'Worker', {
      ledger,
      asset: 'reconciler',
      description: 'Waybill: compares some shards of a large ledger',
      role: reconciler.role,
      environment,
      allows: [
        [SEND, queue.queueArn],
        [CONSUME, queue.queueArn],
      ],
      rows: [],
      timeout: TIMEOUT,
      memorySize: memorySize ?? 512,
      logRetention: props.logRetention,
      logRemovalPolicy: props.logRemovalPolicy,
    });
    new lambda.EventSourceMapping(worker, 'Requests', {
      target: worker.function,
      eventSourceArn: queue.queueArn,
      batchSize: 1,
      maxConcurrency: workers,
    });
  }
}

const MOST_WORKERS = 1_000;

/** Of any row: evidence lies in all of them. */
const READS = ['dynamodb:Query', 'dynamodb:GetItem', 'dynamodb:BatchGetItem'];

/** Of the table itself: what was committed before the first comparison is looked at, too. */
const AGE = ['dynamodb:DescribeTable'];

const { cases, causes, cursors, dead, halves, inbox, outbox, radar, receipts, shards } = PARTITIONS;

/** It ends what nobody has ended, notes what it has sent and asked for, says how many shards there are, and keeps its own books. */
const WRITES: readonly RowGrant[] = [
  {
    actions: ['dynamodb:PutItem'],
    partitions: [...cases, ...cursors, ...radar, ...receipts, ...inbox, ...dead, ...shards],
  },
  { actions: ['dynamodb:UpdateItem'], partitions: [...cursors, ...outbox, ...halves, ...causes] },
  { actions: ['dynamodb:DeleteItem'], partitions: cases },
];

const MOST_ABANDON_AFTER = Duration.days(14);

function secondsOf(abandonAfter: Duration, scope: Construct): string {
  const seconds = abandonAfter.toSeconds({ integral: false });
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= MOST_ABANDON_AFTER.toSeconds()) return String(seconds);
  throw new InvalidConstruct(scope, `abandonAfter is ${seconds} s: give whole seconds, from 1 s to 14 days`);
}

const OBSERVING = 'ListEventSourceMappings and PutMetricData know no resource; metrics are put into one namespace only';

/**
 * Asking for event sources, and putting metrics: actions that know no resource.
 *
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
 */
function observing(): iam.PolicyStatement[] {
  const conditions = { StringEquals: { 'cloudwatch:namespace': METRICS.namespace } };
  return [
    new iam.PolicyStatement({ actions: ['lambda:ListEventSourceMappings'], resources: ['*'] }),
    new iam.PolicyStatement({ actions: ['cloudwatch:PutMetricData'], resources: ['*'], conditions }),
  ];
}
