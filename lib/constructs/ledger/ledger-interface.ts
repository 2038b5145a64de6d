import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { IConstruct } from 'constructs';
import type { AnyTable } from '../../contract/table.ts';
import type {
  EffectGrantOptions,
  PrepareGrantOptions,
  ProducerGrantOptions,
  PublishGrantOptions,
  SendGrantOptions,
} from '../producer/grant-options.ts';

/** The ledger that channels, subscribers and producers work with: of this app, or imported by its name. */
export interface ILedger extends IConstruct {
  /** The DynamoDB table that holds the truth. Its name is the ledger's id. */
  readonly table: dynamodb.ITableV2;
  /** The relay's role: the stack of a check-back lets the relay send requests there. */
  readonly relayRole: iam.IRole;
  /**
   * The roles of all that sends messages to subscribers: relay, forwarder and sweeper. A subscriber's stack lets these
   * roles send to the subscriber's destination.
   */
  readonly senderRoles: readonly iam.IRole[];
  /** The forwarder's role: a subscriber's dead-letter queue lets it take out what a redrive has ended. */
  readonly forwarderRole: iam.IRole;
  /** The queue of messages that are not sent on from the table's stream. */
  readonly forwardQueue: sqs.IQueue;
  /** The reconciler's role, if the ledger has one: a subscriber's stack lets the reconciler heal the subscriber. */
  readonly reconcilerRole?: iam.IRole;
  /** The service token of the custom resources that write routes. */
  readonly registerRoutesArn: string;
  /** The bucket for bytes that a queue cannot carry, and for batches that an event source has given up. */
  readonly quarantineBucket: s3.IBucket;
  /** The customer key, where there is one. */
  readonly encryptionKey?: kms.IKey;
  /** The keys by which messages are signed, where they are. */
  readonly signingSecret?: secretsmanager.ISecret;
  /** How many shards new message ids are minted for. */
  readonly shards: number;
  /** Up to how many that grows by itself, if it does. */
  readonly maxShards?: number;

  /**
   * Lets somebody who is no subscriber's handler publish, and write business tables in the same transaction. A function is
   * told where they are; what runs elsewhere, as the role of a container does, says so to `connectLedger`.
   *
   * @throws InvalidConstruct when `tables` does not bind exactly what is in `writes`
   * @example ledger.grantPublish(api, { publishes: [OrderPlaced], writes: [Orders], tables: { orders: ordersTable } });
   */
  grantPublish<const Tables extends readonly AnyTable[] = readonly []>(
    producer: iam.IGrantable,
    options?: PublishGrantOptions<Tables>,
  ): iam.Grant;

  /** Lets a producer send by handshake, outside any transaction. @throws InvalidConstruct when `grantPublish` does */
  grantSend<const Tables extends readonly AnyTable[] = readonly []>(
    producer: iam.IGrantable,
    options?: SendGrantOptions<Tables>,
  ): iam.Grant;

  /**
   * Lets a producer prepare half messages and decide them, beside a transaction in another store.
   *
   * @throws InvalidConstruct when `grantPublish` does
   */
  grantPrepare<const Tables extends readonly AnyTable[] = readonly []>(
    producer: iam.IGrantable,
    options: PrepareGrantOptions<Tables>,
  ): iam.Grant;

  /** Lets a producer cancel messages, and reschedule them. @throws InvalidConstruct when `grantPublish` does */
  grantCancel<const Tables extends readonly AnyTable[] = readonly []>(
    canceller: iam.IGrantable,
    options?: ProducerGrantOptions<Tables>,
  ): iam.Grant;

  /** Lets a producer call `effect`: have a service outside do something once, whatever dies in between. */
  grantEffects(producer: iam.IGrantable, options?: EffectGrantOptions): iam.Grant;

  /** Lets an operator's function call `redrive`: send again what is dead at a subscriber, and stop that. */
  grantRedrive(operator: iam.IGrantable): iam.Grant;
}
