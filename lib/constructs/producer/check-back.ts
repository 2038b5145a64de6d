import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { timeoutOf, WorkQueue } from '../aws/work-queue.ts';
import { allowRequests } from '../framework/send-permission.ts';
import { InvalidConstruct } from '../invalid-construct.ts';
import type { ILedger } from '../ledger/ledger-interface.ts';
import { deploymentGraphOf } from '../rules/prove-delivery.ts';
import { consumeQueue, isConsuming } from '../subscriber/event-sources.ts';
import type { ICheckBack } from './grant-options.ts';
import { grantDecide, grantPrepare } from './producer-grants.ts';

/** What a CheckBack takes. */
export interface CheckBackProps {
  readonly ledger: ILedger;
  /** The function whose handler is `checkBack(...)`. The function serves this queue alone. */
  readonly handler: lambda.Function;
  /**
   * The function that prepares the half messages: `grantPrepare` of the ledger with this construct lets others too.
   * @default none yet
   */
  readonly producer?: lambda.Function;
  /**
   * How long the handler asks: what its `checkBack` is told, at most 12 days. The queue keeps requests for a day longer.
   * @default 3 days
   */
  readonly patience?: Duration;
}

/**
 * A half message that nobody decides is asked for 15 times in the first two hours, and then hourly for three days; and
 * receives count throttling too.
 */
const CHECK_BACK_RECEIVES = 1_000;

const LONGEST_PATIENCE = Duration.days(12);

/**
 * The function that is asked what became of half messages that their producers left undecided, first after 6 s, then on
 * a growing interval up to 72 h. The relay puts a request into the queue for each half message, and the ledger's
 * reconciler for those that the relay has never seen.
 *
 * @example
 * const checkBack = new CheckBack(this, 'CheckBack', { ledger, handler: askAccounts, producer: debitAccount });
 */
export class CheckBack extends Construct implements ICheckBack {
  readonly queue: sqs.Queue;
  /** Requests that the handler never answers end here: the half messages that they ask for stay undecided. */
  readonly deadLetterQueue: sqs.Queue;
  readonly handler: lambda.Function;

  /**
   * @throws InvalidConstruct when a function is bound to another ledger or queue already, or the patience is too long
   */
  constructor(scope: Construct, id: string, props: CheckBackProps) {
    super(scope, id);
    const { ledger, handler, producer, patience = Duration.days(3) } = props;
    if (patience.toSeconds() > LONGEST_PATIENCE.toSeconds()) {
      throw new InvalidConstruct(this, `\`patience\` is ${patience.toHumanString()}: a queue takes 12 days at most`);
    }
    if (isConsuming(handler)) {
      throw new InvalidConstruct(
        this,
        `'${handler.node.path}' consumes another queue: give the check-back its own function`,
      );
    }
    const { queue, deadLetterQueue } = new WorkQueue(this, 'Requests', {
      timeout: timeoutOf(handler),
      retentionPeriod: patience.plus(Duration.days(1)),
      maxReceiveCount: CHECK_BACK_RECEIVES,
      encryptionKey: ledger.encryptionKey,
    });
    this.queue = queue;
    this.deadLetterQueue = deadLetterQueue;
    this.handler = handler;

    grantDecide(ledger, handler, {});
    consumeQueue(handler, queue, {});
    allowRequests(queue, ledger);
    if (producer) grantPrepare(ledger, producer, { checkBack: this });
    deploymentGraphOf(this).addWorkQueue({
      construct: this,
      purpose: 'check-back',
      ledger,
      consumer: handler,
      queue,
      deadLetterQueue,
    });
  }

  /** Requests that the handler never answered. @default maximum over 5 minutes */
  metricDeadLetters(options: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    const statistic = cloudwatch.Stats.MAXIMUM;
    return this.deadLetterQueue.metricApproximateNumberOfMessagesVisible({ statistic, ...options });
  }
}
