import { ArnFormat, Stack } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { ILedger, LedgerAttributes } from './ledger.ts';
import { checkLedgerName, ledgerNames } from './ledger-name.ts';
import { DeploymentGraph } from './proof/index.ts';
import { grantPublish, type PublishOptions } from './publish-grant.ts';
import { checkedShards } from './shards.ts';

/** A ledger of another app: everything of it follows from its name. */
export class ImportedLedger extends Construct implements ILedger {
  readonly table: dynamodb.ITableV2;
  readonly relayRole: iam.IRole;
  readonly reconcilerRole?: iam.IRole;
  readonly registerRoutesArn: string;
  readonly quarantineBucket: s3.IBucket;
  readonly encryptionKey?: kms.IKey;
  readonly shards: number;

  constructor(scope: Construct, id: string, ledgerName: string, attributes: LedgerAttributes) {
    super(scope, id);
    checkLedgerName(this, ledgerName);
    const stack = Stack.of(this);
    const names = ledgerNames(stack, ledgerName);
    this.table = dynamodb.TableV2.fromTableName(this, 'Table', names.table);
    this.relayRole = iam.Role.fromRoleName(this, 'RelayRole', names.relayRole);
    if (attributes.reconciles ?? true) {
      this.reconcilerRole = iam.Role.fromRoleName(this, 'ReconcilerRole', names.reconcilerRole);
    }
    this.registerRoutesArn = stack.formatArn({
      service: 'lambda',
      resource: 'function',
      resourceName: names.registerRoutes,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    this.quarantineBucket = s3.Bucket.fromBucketName(this, 'Quarantine', names.quarantineBucket);
    this.encryptionKey = attributes.encryptionKey;
    this.shards = checkedShards(attributes.shards);
    DeploymentGraph.of(this).ledgers.push({ ledger: this });
  }

  grantPublish(producer: lambda.Function, options: PublishOptions = {}): iam.Grant {
    return grantPublish(this, producer, options);
  }
}
