import { Duration, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct, type IConstruct } from 'constructs';
import { METRICS } from '../contract/index.ts';
import { ImportedLedger } from './imported-ledger.ts';
import { InvalidConstruct } from './invalid-construct.ts';
import { ledgerMetric } from './ledger-metrics.ts';
import { checkLedgerName, ledgerNames } from './ledger-name.ts';
import { DeploymentGraph } from './proof/index.ts';
import { grantPublish, type PublishOptions } from './publish-grant.ts';
import { QuarantineBucket } from './quarantine.ts';
import { type ReconcileOptions, Reconciler } from './reconciler.ts';
import { Relay } from './relay.ts';
import { RouteRegistrar } from './route-registrar.ts';
import { checkedShards } from './shards.ts';

/** The ledger that channels, subscribers and producers work with: of this app, or imported by its name. */
export interface ILedger extends IConstruct {
  /** The DynamoDB table that holds the truth. Its name is the ledger's id. */
  readonly table: dynamodb.ITableV2;
  /** What the relay runs as: a subscriber's stack lets it send to the subscriber's destination. */
  readonly relayRole: iam.IRole;
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
}

export interface LedgerProps {
  /**
   * The name from which the table, the relay's role, the registrar and the bucket take theirs, so that another app can
   * import the ledger by it: 3 to 24 characters of lower-case words joined by `-`.
   * @default CloudFormation chooses the names; the ledger cannot be imported by name
   */
  readonly ledgerName?: string;
  /**
   * How many shards new message ids are minted for: a power of two from 1 to 4096. It may grow later; nothing moves.
   * @default 16
   */
  readonly shards?: number;
  /**
   * The customer key that encrypts the table, the bucket, queues, streams and the logs of Waybill's own functions. The
   * policy of an imported key must allow CloudWatch Logs. The stack's region must be known.
   * @default keys that AWS manages
   */
  readonly encryptionKey?: kms.IKey;
  /** What happens to table, bucket and logs when the stack is deleted. A bucket that is not empty stays. @default RETAIN */
  readonly removalPolicy?: RemovalPolicy;
  /** @default true, unless the removal policy is DESTROY */
  readonly deletionProtection?: boolean;
  /** How many batches of one stream shard the relay works on at once, from 1 to 10. @default 2 */
  readonly relayParallelizationFactor?: number;
  /**
   * Whether and how the ledger reconciles itself every minute: finds what is missing, sends it again, and puts the metrics
   * that `LedgerAlarms` watches.
   * @default it does
   */
  readonly reconcile?: false | ReconcileOptions;
  /** How long quarantined bytes are kept. @default 30 days */
  readonly quarantineRetention?: Duration;
  /** How long the logs of the relay, the registrar and the reconciler are kept. @default ONE_MONTH */
  readonly logRetention?: logs.RetentionDays;
}

/** What the name alone does not tell of an imported ledger: it must say the same as the ledger's own props. */
export interface LedgerAttributes {
  /** @default 16 */
  readonly shards?: number;
  /** @default keys that AWS manages */
  readonly encryptionKey?: kms.IKey;
  /** Whether the ledger reconciles itself. @default true */
  readonly reconciles?: boolean;
}

/**
 * The table that holds every message, who expects it and how it ended there, with the relay that carries committed
 * messages from its stream to their destinations.
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
    if (ledgerName !== undefined) checkLedgerName(this, ledgerName);
    const names = ledgerName === undefined ? undefined : ledgerNames(Stack.of(this), ledgerName);
    this.shards = checkedShards(props.shards);
    this.encryptionKey = encryptionKey;
    if (encryptionKey && Token.isUnresolved(Stack.of(this).region)) {
      throw new InvalidConstruct(
        this,
        'A table with a customer key needs a stack whose region is known: give the stack `env: { account, region }`',
      );
    }

    this.table = new dynamodb.TableV2(this, 'Table', {
      tableName: names?.table,
      partitionKey: { name: 'pk', type: dynamodb.AttributeType.STRING },
      sortKey: { name: 'sk', type: dynamodb.AttributeType.STRING },
      billing: dynamodb.Billing.onDemand(),
      dynamoStream: dynamodb.StreamViewType.NEW_IMAGE,
      timeToLiveAttribute: 'ttl',
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      encryption: encryptionKey
        ? dynamodb.TableEncryptionV2.customerManagedKey(encryptionKey)
        : dynamodb.TableEncryptionV2.awsManagedKey(),
      deletionProtection: props.deletionProtection ?? removalPolicy !== RemovalPolicy.DESTROY,
      removalPolicy,
    });
    this.quarantineBucket = new QuarantineBucket(this, 'Quarantine', {
      bucketName: names?.quarantineBucket,
      encryptionKey,
      retention: props.quarantineRetention ?? Duration.days(30),
      removalPolicy,
    });
    const common = {
      table: this.table,
      shards: this.shards,
      encryptionKey,
      logRetention,
      logRemovalPolicy: removalPolicy,
    };
    const relay = new Relay(this, 'Relay', {
      ...common,
      quarantineBucket: this.quarantineBucket,
      parallelizationFactor: props.relayParallelizationFactor ?? 2,
      roleName: names?.relayRole,
    });
    this.relay = relay.function;
    this.relayRole = relay.role;
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
    const [disposable, importable] = [removalPolicy === RemovalPolicy.DESTROY, ledgerName !== undefined];
    DeploymentGraph.of(this).ledgers.push({ ledger: this, own: { relay: this.relay, disposable, importable } });
  }

  grantPublish(producer: lambda.Function, options: PublishOptions = {}): iam.Grant {
    return grantPublish(this, producer, options);
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

  /** Seconds since the oldest message was committed that has not ended. @default maximum over 5 minutes */
  metricOldestUnended(options: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return ledgerMetric(this, METRICS.oldestUnended, options);
  }

  /** Invocations of the relay that failed: their batches come again. @default sum over 5 minutes */
  metricRelayErrors(options: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.relay.metricErrors(options);
  }
}
