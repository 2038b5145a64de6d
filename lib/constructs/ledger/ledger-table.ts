import { RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import { InvalidConstruct } from '../invalid-construct.ts';
import type { LedgerProps } from './ledger-props.ts';

export type LedgerTableProps = Pick<dynamodb.TablePropsV2, 'tableName' | 'deletionProtection' | 'removalPolicy'> &
  Pick<LedgerProps, 'encryptionKey' | 'warmThroughput'>;

/** The table that holds the truth, with the stream that the relay reads. */
export class LedgerTable extends dynamodb.TableV2 {
  /** @throws InvalidConstruct when a customer key is in a stack for any region: CDK cannot write such a table */
  constructor(scope: Construct, id: string, props: LedgerTableProps) {
    const { tableName, encryptionKey, removalPolicy } = props;
    if (encryptionKey && Token.isUnresolved(Stack.of(scope).region)) {
      throw new InvalidConstruct(
        scope,
        'A table with a customer key needs a stack whose region is known: give the stack `env: { account, region }`',
      );
    }
    super(scope, id, {
      tableName,
      partitionKey: { name: 'pk', type: dynamodb.AttributeType.STRING },
      sortKey: { name: 'sk', type: dynamodb.AttributeType.STRING },
      billing: dynamodb.Billing.onDemand(),
      warmThroughput: props.warmThroughput,
      dynamoStream: dynamodb.StreamViewType.NEW_IMAGE,
      timeToLiveAttribute: 'ttl',
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      encryption: encryptionKey
        ? dynamodb.TableEncryptionV2.customerManagedKey(encryptionKey)
        : dynamodb.TableEncryptionV2.awsManagedKey(),
      deletionProtection: props.deletionProtection ?? removalPolicy !== RemovalPolicy.DESTROY,
      removalPolicy,
    });
  }
}
