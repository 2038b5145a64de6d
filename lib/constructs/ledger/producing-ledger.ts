import type { ITableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import {
  grantCancel,
  grantPrepare,
  grantPublish,
  grantSend,
  type PrepareOptions,
  type ProducerOptions,
  type PublishOptions,
  type SendOptions,
} from '../producer/producer-grants.ts';
import type { ILedger } from './ledger.ts';

/** What producers are granted is the same for a ledger of this app and for an imported one. */
export abstract class ProducingLedger extends Construct implements ILedger {
  abstract readonly table: ITableV2;
  abstract readonly relayRole: iam.IRole;
  abstract readonly senderRoles: readonly iam.IRole[];
  abstract readonly forwardQueue: sqs.IQueue;
  abstract readonly reconcilerRole?: iam.IRole;
  abstract readonly registerRoutesArn: string;
  abstract readonly quarantineBucket: s3.IBucket;
  abstract readonly encryptionKey?: kms.IKey;
  abstract readonly shards: number;

  grantPublish(producer: lambda.Function, options: PublishOptions = {}): iam.Grant {
    return grantPublish(this, producer, options);
  }

  grantSend(producer: lambda.Function, options: SendOptions = {}): iam.Grant {
    return grantSend(this, producer, options);
  }

  grantPrepare(producer: lambda.Function, options: PrepareOptions): iam.Grant {
    return grantPrepare(this, producer, options);
  }

  grantCancel(canceller: lambda.Function, options: ProducerOptions = {}): iam.Grant {
    return grantCancel(this, canceller, options);
  }
}
