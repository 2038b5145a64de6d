import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { METRICS } from '../../contract/metrics.ts';
import type { AnyTable } from '../../contract/table.ts';
import { WorkQueue } from '../aws/work-queue.ts';
import { FORWARDER_TIMEOUT, Forwarder } from '../framework/forwarder.ts';
import { MessageSchedules } from '../framework/message-schedules.ts';
import { Reconciler } from '../framework/reconciler.ts';
import { Relay } from '../framework/relay.ts';
import { RouteRegistrar } from '../framework/route-registrar.ts';
import { Sweeper } from '../framework/sweeper.ts';
import { InvalidConstruct } from '../invalid-construct.ts';
import { ledgerMetric } from '../observe/ledger-metrics.ts';
import type {
  EffectGrantOptions,
  PrepareGrantOptions,
  ProducerGrantOptions,
  PublishGrantOptions,
  SendGrantOptions,
} from '../producer/grant-options.ts';
import {
  grantCancel,
  grantEffects,
  grantPrepare,
  grantPublish,
  grantRedrive,
  grantSend,
} from '../producer/producer-grants.ts';
import type { DeployedLedger } from '../rules/deployment-graph.ts';
import { deploymentGraphOf } from '../rules/prove-delivery.ts';
import { ImportedLedger } from './imported-ledger.ts';
import type { ILedger } from './ledger-interface.ts';
import { ledgerNames } from './ledger-name.ts';
import { checkedMaxShards, checkedShards, type LedgerAttributes, type LedgerProps } from './ledger-props.ts';
import { LedgerTable } from './ledger-table.ts';
import { OutboxFormat } from './outbox-format.ts';
import { QuarantineBucket } from './quarantine.ts';
import { signingSecretOf } from './signing.ts';

/** A message is received once more for each failure, throttle, and moment that came too early. */
const FORWARD_RECEIVES = 100;

/**
 * The table that holds every message, who expects it and how it ended there, with what carries committed messages to
 * their destinations: the relay from its stream, the forwarder from a queue, and the sweeper when their moment comes
 * near.
 *
 * @example
 * const ledger = new Ledger(this, 'Ledger');
 * const orders = new QueueChannel(this, 'Orders', { ledger, events: [OrderPlaced] });
 */
export class Ledger extends Construct implements ILedger {
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
  /**
   * Messages that their producers send themselves, and copies that wait for their moment outside a stream, or for a
   * destination that has refused them.
   */
  readonly forwardQueue: sqs.Queue;
  /** Messages that the forwarder never got to send. They are still in the ledger. */
  readonly forwardDeadLetterQueue: sqs.Queue;
  /**
   * The function that sends, every minute, what is due soon, and what waited for a first subscriber. Where each message has a
   * schedule of its own, only the latter.
   */
  readonly sweeper: lambda.Function;
  /** Messages that their schedules could not send. Absent where messages have no schedules. */
  readonly scheduleDeadLetterQueue?: sqs.Queue;
  readonly senderRoles: readonly iam.IRole[];
  readonly forwarderRole: iam.IRole;
  /** The function that finds what is missing and sends it again, every minute. */
  readonly reconciler?: lambda.Function;
  readonly reconcilerRole?: iam.IRole;
  readonly registerRoutesArn: string;
  readonly quarantineBucket: s3.Bucket;
  readonly encryptionKey?: kms.IKey;
  readonly signingSecret?: secretsmanager.ISecret;
  readonly shards: number;
  readonly maxShards?: number;

  constructor(scope: Construct, id: string, props: LedgerProps = {}) {
    super(scope, id);
    const { ledgerName, delayedDelivery = 'sweep', encryptionKey, removalPolicy = RemovalPolicy.RETAIN } = props;
    if (delayedDelivery !== 'sweep' && delayedDelivery !== 'schedules') {
      throw new InvalidConstruct(this, `\`delayedDelivery\` is '${delayedDelivery}': give 'sweep' or 'schedules'`);
    }
    const names = ledgerName === undefined ? undefined : ledgerNames(this, ledgerName);
    this.shards = checkedShards(props.shards);
    const reconciles = props.reconcile !== false;
    this.maxShards = checkedMaxShards(this, { shards: this.shards, maxShards: props.maxShards, reconciles });
    this.encryptionKey = encryptionKey;
    this.signingSecret = signingSecretOf(this, props.signing ?? false, encryptionKey, removalPolicy);

    this.table = new LedgerTable(this, 'Table', { ...props, tableName: names?.table, removalPolicy });
    this.quarantineBucket = new QuarantineBucket(this, 'Quarantine', {
      bucketName: names?.quarantineBucket,
      encryptionKey,
      retention: props.quarantineRetention ?? Duration.days(30),
      removalPolicy,
    });
    const forward = new WorkQueue(this, 'Forward', {
      queueName: names?.forwardQueue,
      encryptionKey,
      timeout: FORWARDER_TIMEOUT,
      maxReceiveCount: FORWARD_RECEIVES,
    });
    this.forwardQueue = forward.queue;
    this.forwardDeadLetterQueue = forward.deadLetterQueue;
    const schedules =
      delayedDelivery === 'schedules'
        ? new MessageSchedules(this, 'Schedules', { ledger: this, removalPolicy })
        : undefined;
    this.scheduleDeadLetterQueue = schedules?.deadLetterQueue;

    const common = { ledger: this, schedules, logRetention: props.logRetention, logRemovalPolicy: removalPolicy };
    const relay = new Relay(this, 'Relay', {
      ...common,
      parallelizationFactor: props.relayParallelizationFactor ?? 2,
      roleName: names?.relayRole,
    });
    const forwarder = new Forwarder(this, 'Forwarder', {
      ...common,
      maxConcurrency: props.maxForwardConcurrency ?? 50,
      roleName: names?.forwarderRole,
    });
    const sweeper = new Sweeper(this, 'Sweep', { ...common, roleName: names?.sweepRole });
    this.relay = relay.function;
    this.relayRole = relay.role;
    this.forwarder = forwarder.function;
    this.sweeper = sweeper.function;
    this.forwarderRole = forwarder.role;
    this.senderRoles = [relay, forwarder, sweeper].map(({ role }) => role);
    const registrar = new RouteRegistrar(this, 'RegisterRoutes', { ...common, functionName: names?.registerRoutes });
    this.registerRoutesArn = registrar.function.functionArn;
    new OutboxFormat(this, 'Format', { ledger: this, format: props.format });
    if (props.reconcile !== false) {
      const roleName = names?.reconcilerRole;
      const reconciler = new Reconciler(this, 'Reconciler', { ...common, ...props.reconcile, roleName });
      this.reconciler = reconciler.function;
      this.reconcilerRole = reconciler.role;
    }
    const own = {
      disposable: removalPolicy === RemovalPolicy.DESTROY,
      importable: ledgerName !== undefined,
      ...(props.format !== undefined && { format: props.format }),
    };
    this.#register(forward, own);
  }

  grantPublish<const Tables extends readonly AnyTable[] = readonly []>(
    producer: iam.IGrantable,
    options?: PublishGrantOptions<Tables>,
  ): iam.Grant {
    return grantPublish(this, producer, options ?? {});
  }

  grantSend<const Tables extends readonly AnyTable[] = readonly []>(
    producer: iam.IGrantable,
    options?: SendGrantOptions<Tables>,
  ): iam.Grant {
    return grantSend(this, producer, options ?? {});
  }

  grantPrepare<const Tables extends readonly AnyTable[] = readonly []>(
    producer: iam.IGrantable,
    options: PrepareGrantOptions<Tables>,
  ): iam.Grant {
    return grantPrepare(this, producer, options);
  }

  grantRedrive(operator: iam.IGrantable): iam.Grant {
    return grantRedrive(this, operator);
  }

  grantCancel<const Tables extends readonly AnyTable[] = readonly []>(
    canceller: iam.IGrantable,
    options?: ProducerGrantOptions<Tables>,
  ): iam.Grant {
    return grantCancel(this, canceller, options ?? {});
  }

  grantEffects(producer: iam.IGrantable, options: EffectGrantOptions = {}): iam.Grant {
    return grantEffects(this, producer, options);
  }

  /** Milliseconds by which the relay lags behind commits. @default maximum over 5 minutes */
  metricRelayIteratorAge(options: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.relay.metric('IteratorAge', { statistic: 'Maximum', ...options });
  }

  /**
   * Messages of a business line that are missing, in percent of those of the last minutes.
   * @default maximum over 5 minutes
   */
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

  /** Writes to the ledger that DynamoDB throttled. Each is tried again. @default sum over 5 minutes */
  metricThrottledWrites(options: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.table.metric('WriteThrottleEvents', { statistic: 'Sum', ...options });
  }

  /** Invocations of the relay that failed: their batches come again. @default sum over 5 minutes */
  metricRelayErrors(options: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.relay.metricErrors(options);
  }

  #register(forward: WorkQueue, own: Omit<NonNullable<DeployedLedger['own']>, 'relay'>): void {
    const graph = deploymentGraphOf(this);
    graph.ledgers.push({ ledger: this, own: { relay: this.relay, ...own } });
    const { queue, deadLetterQueue } = forward;
    const deployed = { ledger: this, consumer: this.forwarder, queue, deadLetterQueue };
    graph.addWorkQueue({ construct: forward, purpose: 'forward', ...deployed });
  }
}
