import { ArnFormat, Stack } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { AnyTable } from '../../contract/table.ts';
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
import { deploymentGraphOf } from '../rules/prove-delivery.ts';
import type { ILedger } from './ledger-interface.ts';
import { ledgerNames } from './ledger-name.ts';
import { checkedMaxShards, checkedShards, type LedgerAttributes } from './ledger-props.ts';

/** A ledger of another app: the ledger's name tells everything else. */
export class ImportedLedger extends Construct implements ILedger {
  readonly table: dynamodb.ITableV2;
  readonly relayRole: iam.IRole;
  readonly senderRoles: readonly iam.IRole[];
  readonly forwarderRole: iam.IRole;
  readonly forwardQueue: sqs.IQueue;
  readonly reconcilerRole?: iam.IRole;
  readonly registerRoutesArn: string;
  readonly quarantineBucket: s3.IBucket;
  readonly encryptionKey?: kms.IKey;
  readonly signingSecret?: secretsmanager.ISecret;
  readonly shards: number;
  readonly maxShards?: number;

  constructor(scope: Construct, id: string, ledgerName: string, attributes: LedgerAttributes) {
    super(scope, id);
    const stack = Stack.of(this);
    const names = ledgerNames(this, ledgerName);
    this.table = dynamodb.TableV2.fromTableName(this, 'Table', names.table);
    const role = (name: string, roleName: string) => iam.Role.fromRoleName(this, name, roleName);
    this.relayRole = role('RelayRole', names.relayRole);
    this.forwarderRole = role('ForwarderRole', names.forwarderRole);
    this.senderRoles = [this.relayRole, this.forwarderRole, role('SweepRole', names.sweepRole)];
    this.forwardQueue = sqs.Queue.fromQueueAttributes(this, 'ForwardQueue', {
      queueArn: stack.formatArn({ service: 'sqs', resource: names.forwardQueue }),
      keyArn: attributes.encryptionKey?.keyArn,
    });
    if (attributes.reconciles ?? true) this.reconcilerRole = role('ReconcilerRole', names.reconcilerRole);
    this.registerRoutesArn = stack.formatArn({
      service: 'lambda',
      resource: 'function',
      resourceName: names.registerRoutes,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    this.quarantineBucket = s3.Bucket.fromBucketName(this, 'Quarantine', names.quarantineBucket);
    this.encryptionKey = attributes.encryptionKey;
    this.signingSecret = attributes.signingSecret;
    this.shards = checkedShards(attributes.shards);
    const { maxShards, reconciles = true } = attributes;
    this.maxShards = checkedMaxShards(this, { shards: this.shards, maxShards, reconciles });
    deploymentGraphOf(this).ledgers.push({ ledger: this });
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
}
