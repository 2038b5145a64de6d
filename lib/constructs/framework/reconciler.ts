import { Duration } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { BINDINGS } from '../../contract/bindings.ts';
import { METRICS } from '../../contract/metrics.ts';
import { PARTITIONS } from '../../ledger/rows/partitions.ts';
import { SEND } from '../aws/grants.ts';
import type { RowGrant } from '../aws/ledger-rows.ts';
import { WildcardPolicy } from '../aws/wildcard-policy.ts';
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
    const { table, forwardQueue, encryptionKey, quarantineBucket } = props.ledger;
    super(scope, id, {
      ...props,
      asset: 'reconciler',
      description: 'Waybill: finds what is missing, and sends it again',
      environment: {
        [BINDINGS.forwardQueueUrl]: forwardQueue.queueUrl,
        [BINDINGS.quarantineBucket]: quarantineBucket.bucketName,
        ...(props.abandonAfter && { [BINDINGS.abandonAfter]: secondsOf(props.abandonAfter, scope) }),
      },
      allows: [
        [READS, table.tableArn],
        [SEND, forwardQueue.queueArn],
      ],
      rows: WRITES,
      // A run after a standstill has more to look at. What one run does not get through, the next one goes on with.
      timeout: Duration.minutes(5),
      memorySize: props.memorySize ?? 512,
      reservedConcurrentExecutions: (props.reserveConcurrency ?? true) ? 2 : undefined,
    });
    allowQuarantine(this, this.role, quarantineBucket, 'unfinished');
    new WildcardPolicy(this, 'Observation', this.role, observing(), OBSERVING);
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

/** Of any row: evidence lies in all of them. */
const READS = ['dynamodb:Query', 'dynamodb:GetItem', 'dynamodb:BatchGetItem'];

const { cases, causes, cursors, dead, halves, inbox, outbox, radar, receipts } = PARTITIONS;

/** It ends what nobody has ended, notes what it has sent and asked for, and keeps its own books. */
const WRITES: readonly RowGrant[] = [
  { actions: ['dynamodb:PutItem'], partitions: [...cases, ...cursors, ...radar, ...receipts, ...inbox, ...dead] },
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
