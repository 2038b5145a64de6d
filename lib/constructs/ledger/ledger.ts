import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct, IConstruct } from 'constructs';
import { METRICS } from '../../contract/metrics.ts';
import { ForwardQueue } from '../framework/forward-queue.ts';
import { Forwarder } from '../framework/forwarder.ts';
import { MessageSchedules } from '../framework/message-schedules.ts';
import { Reconciler } from '../framework/reconciler.ts';
import { Relay } from '../framework/relay.ts';
import { RouteRegistrar } from '../framework/route-registrar.ts';
import { Sweep } from '../framework/sweeper.ts';
import { InvalidConstruct } from '../invalid-construct.ts';
import { ledgerMetric } from '../observe/ledger-metrics.ts';
import type { PrepareOptions, ProducerOptions, PublishOptions, SendOptions } from '../producer/producer-grants.ts';
import { DeploymentGraph } from '../rules/index.ts';
import { ImportedLedger } from './imported-ledger.ts';
import { checkLedgerName, ledgerNames } from './ledger-name.ts';
import type { LedgerAttributes, LedgerProps } from './ledger-props.ts';
import { LedgerTable } from './ledger-table.ts';
import { ProducingLedger } from './producing-ledger.ts';
import { QuarantineBucket } from './quarantine.ts';
import { checkedShards } from './shards.ts';

/** The ledger that channels, subscribers and producers work with: of this app, or imported by its name. */
export interface ILedger extends IConstruct {
  /** The DynamoDB table that holds the truth. Its name is the ledger's id. */
  readonly table: dynamodb.ITableV2;
  /** What the relay runs as: the stack of a check-back lets it send requests there. */
  readonly relayRole: iam.IRole;
  /**
   * What everything runs as that sends messages to subscribers: relay, forwarder and sweep. A subscriber's stack lets them
   * send to the subscriber's destination.
   */
  readonly senderRoles: readonly iam.IRole[];
  /** Where messages are put that are not sent on from the table's stream. */
  readonly forwardQueue: sqs.IQueue;
  /** What the reconciler runs as, if the ledger has one: a subscriber's stack lets it heal the subscriber. */
  readonly reconcilerRole?: iam.IRole;
  /** The service token of the custom resources that write routes. */
  readonly registerRoutesArn: string;
  /** Where bytes go that a queue cannot carry, and batches that an event source has given up. */
  readonly quarantineBucket: s3.IBucket;
  /** The customer key, where there is one. */
  readonly encryptionKey?: kms.IKey;
  /** How many shards new message ids are minted for. */
  readonly shards: number;

  /** Lets a function that is no subscriber's handler publish. */
  grantPublish(producer: lambda.Function, options?: PublishOptions): iam.Grant;

  /** Lets a function send by handshake, outside any transaction. */
  grantSend(producer: lambda.Function, options?: SendOptions): iam.Grant;

  /** Lets a function prepare half messages and decide them, beside a transaction in another store. */
  grantPrepare(producer: lambda.Function, options: PrepareOptions): iam.Grant;

  /** Lets a function take messages back, and reschedule them. */
  grantCancel(canceller: lambda.Function, options?: ProducerOptions): iam.Grant;
}

/**
 * The table that holds every message, who expects it and how it ended there, with what carries committed messages to their
 * destinations: the relay from its stream, the forwarder from a queue, and the sweep when their moment comes near.
 *
 * @example
 * const ledger = new Ledger(this, 'Ledger');
 * const orders = new QueueChannel(this, 'Orders', { ledger, events: [OrderPlaced] });
 */
export class Ledger extends ProducingLedger {
  /**
   * The ledger that another app of the same account and region deploys with this `ledgerName`.
   *
   * @throws InvalidConstruct when no ledger can have the name
   * @throws InvalidDefinition when no ledger can have the shard count
   */
  static fromLedgerName(scope: Construct, id: string, ledgerName: string, attributes: LedgerAttributes = {}): ILedger {
    return new ImportedLedger(scope, id, ledgerName, attributes);
  }

  readonly table: dynamodb.TableV2;
  /** The function that carries committed messages to their destinations. */
  readonly relay: lambda.Function;
  readonly relayRole: iam.IRole;
  /** The function that sends on what is in the forward queue. */
  readonly forwarder: lambda.Function;
  readonly forwardQueue: sqs.Queue;
  /** What the forwarder never got to send. It is still in the ledger. */
  readonly forwardDeadLetterQueue: sqs.Queue;
  /** The function that sends, every minute, what is due soon. Absent where each message has a schedule of its own. */
  readonly sweep?: lambda.Function;
  /** What schedules of messages could not send, where there are such. */
  readonly scheduleDeadLetterQueue?: sqs.Queue;
  readonly senderRoles: readonly iam.IRole[];
  /** The function that finds what is missing and sends it again, every minute. */
  readonly reconciler?: lambda.Function;
  readonly reconcilerRole?: iam.IRole;
  readonly registerRoutesArn: string;
  readonly quarantineBucket: s3.Bucket;
  readonly encryptionKey?: kms.IKey;
  readonly shards: number;

  constructor(scope: Construct, id: string, props: LedgerProps = {}) {
    super(scope, id);
    const { ledgerName, encryptionKey, logRetention, removalPolicy = RemovalPolicy.RETAIN } = props;
    const { delayedDelivery = 'sweep' } = props;
    if (ledgerName !== undefined) checkLedgerName(this, ledgerName);
    if (delayedDelivery !== 'sweep' && delayedDelivery !== 'schedules') {
      throw new InvalidConstruct(this, `\`delayedDelivery\` is '${delayedDelivery}': give 'sweep' or 'schedules'`);
    }
    const names = ledgerName === undefined ? undefined : ledgerNames(Stack.of(this), ledgerName);
    this.shards = checkedShards(props.shards);
    this.encryptionKey = encryptionKey;

    this.table = new LedgerTable(this, 'Table', {
      tableName: names?.table,
      encryptionKey,
      removalPolicy,
      deletionProtection: props.deletionProtection,
    });
    this.quarantineBucket = new QuarantineBucket(this, 'Quarantine', {
      bucketName: names?.quarantineBucket,
      encryptionKey,
      retention: props.quarantineRetention ?? Duration.days(30),
      removalPolicy,
    });
    const forward = new ForwardQueue(this, 'Forward', { queueName: names?.forwardQueue, encryptionKey });
    this.forwardQueue = forward.queue;
    this.forwardDeadLetterQueue = forward.deadLetterQueue;
    const common = {
      table: this.table,
      shards: this.shards,
      forwardQueue: this.forwardQueue,
      encryptionKey,
      logRetention,
      logRemovalPolicy: removalPolicy,
    };
    const schedules =
      delayedDelivery === 'schedules'
        ? new MessageSchedules(this, 'Schedules', { ...common, removalPolicy })
        : undefined;
    this.scheduleDeadLetterQueue = schedules?.deadLetterQueue;
    const relay = new Relay(this, 'Relay', {
      ...common,
      schedules,
      quarantineBucket: this.quarantineBucket,
      parallelizationFactor: props.relayParallelizationFactor ?? 2,
      roleName: names?.relayRole,
    });
    const forwarder = new Forwarder(this, 'Forwarder', {
      ...common,
      schedules,
      maxConcurrency: props.maxForwardConcurrency ?? 50,
      roleName: names?.forwarderRole,
    });
    const sweep = schedules ? undefined : new Sweep(this, 'Sweep', { ...common, roleName: names?.sweepRole });
    this.relay = relay.function;
    this.relayRole = relay.role;
    this.forwarder = forwarder.function;
    this.sweep = sweep?.function;
    this.senderRoles = [relay, forwarder, ...(sweep ? [sweep] : [])].map(({ role }) => role);
    const registrar = new RouteRegistrar(this, 'RegisterRoutes', { ...common, functionName: names?.registerRoutes });
    this.registerRoutesArn = registrar.function.functionArn;
    if (props.reconcile !== false) {
      const reconciler = new Reconciler(this, 'Reconciler', {
        ...common,
        ...props.reconcile,
        roleName: names?.reconcilerRole,
      });
      this.reconciler = reconciler.function;
      this.reconcilerRole = reconciler.role;
    }
    const graph = DeploymentGraph.of(this);
    const [disposable, importable] = [removalPolicy === RemovalPolicy.DESTROY, ledgerName !== undefined];
    graph.ledgers.push({ ledger: this, own: { relay: this.relay, disposable, importable } });
    const { queue, deadLetterQueue } = forward;
    graph.addWorkQueue({
      construct: forward,
      purpose: 'forward',
      ledger: this,
      consumer: this.forwarder,
      queue,
      deadLetterQueue,
    });
  }

  /** Milliseconds by which the relay lags behind commits. @default maximum over 5 minutes */
  metricRelayIteratorAge(options: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.relay.metric('IteratorAge', { statistic: 'Maximum', ...options });
  }

  /** Messages of a business line that are missing, in percent of those of the last minutes. @default maximum over 5 minutes */
  metricMissingRatio(businessLine: string, options: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return ledgerMetric(this, METRICS.missingRatio(businessLine), options);
  }

  /** Messages that healing has given up on: somebody has to look. @default maximum over 5 minutes */
  metricQuarantined(options: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return ledgerMetric(this, METRICS.quarantined, options);
  }

  /**
   * Seconds, up to now, since the oldest message that has not ended was committed, or due if it was delayed.
   * @default maximum over 5 minutes
   */
  metricOldestUnended(options: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return ledgerMetric(this, METRICS.oldestUnended, options);
  }

  /** Invocations of the relay that failed: their batches come again. @default sum over 5 minutes */
  metricRelayErrors(options: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.relay.metricErrors(options);
  }
}
