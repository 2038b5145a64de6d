import { Duration, type RemovalPolicy } from 'aws-cdk-lib';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { BINDINGS, OUTBOX_PREFIX } from '../contract/index.ts';
import { grantKeyUse } from './encryption.ts';
import { FrameworkFunction } from './framework-function.ts';
import { allow } from './grants.ts';
import { discardedBatchesTo, QuarantineAccess } from './quarantine.ts';

export interface RelayProps {
  readonly table: TableV2;
  readonly shards: number;
  readonly quarantineBucket: s3.IBucket;
  readonly parallelizationFactor: number;
  readonly roleName?: string;
  readonly encryptionKey?: kms.IKey;
  readonly logRetention?: logs.RetentionDays;
  readonly logRemovalPolicy: RemovalPolicy;
}

/**
 * The function that carries committed messages from the ledger's stream to their destinations. Where it may send to is
 * granted by each subscriber or stream channel, in its own stack.
 */
export class Relay extends FrameworkFunction {
  constructor(scope: Construct, id: string, props: RelayProps) {
    const { table, quarantineBucket } = props;
    const streamArn = table.tableStreamArn ?? '';
    super(scope, id, {
      ...props,
      asset: 'relay',
      description: 'Waybill: relays committed messages to their subscribers',
      environment: { [BINDINGS.ledger]: table.tableName, [BINDINGS.shards]: String(props.shards) },
      timeout: Duration.seconds(60),
      memorySize: 512,
    });
    allow(this.role, ['dynamodb:Query', 'dynamodb:PutItem'], table.tableArn);
    allow(
      this.role,
      ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator', 'dynamodb:ListStreams'],
      streamArn,
    );
    grantKeyUse(props.encryptionKey, this.role);
    const discarded = QuarantineAccess.forEventSource(this, this.role, quarantineBucket);

    const source = new lambda.EventSourceMapping(this, 'Outbox', {
      target: this.function,
      eventSourceArn: streamArn,
      startingPosition: lambda.StartingPosition.TRIM_HORIZON,
      batchSize: 500,
      parallelizationFactor: props.parallelizationFactor,
      bisectBatchOnError: true,
      retryAttempts: 100,
      // Half of what the stream keeps: what is discarded then is still in the ledger and in the quarantine bucket.
      maxRecordAge: Duration.hours(12),
      onFailure: discardedBatchesTo(quarantineBucket),
      filters: [
        lambda.FilterCriteria.filter({
          eventName: lambda.FilterRule.isEqual('INSERT'),
          dynamodb: { Keys: { pk: { S: lambda.FilterRule.beginsWith(OUTBOX_PREFIX) } } },
        }),
      ],
    });
    // Lambda checks, when a source is created, that the role may write to its failure destination.
    source.node.addDependency(discarded);
  }
}
