import { Duration, type RemovalPolicy, Validations } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { encryptedBucket } from '../aws/encryption.ts';
import { WildcardPolicy } from '../aws/wildcard-policy.ts';

export interface QuarantineBucketProps {
  /** @default CloudFormation chooses it */
  readonly bucketName?: string;
  readonly encryptionKey?: kms.IKey;
  readonly retention: Duration;
  readonly removalPolicy: RemovalPolicy;
}

/** Where bytes go that a queue cannot carry, and batches that a stream's event source has given up. */
export class QuarantineBucket extends s3.Bucket {
  constructor(scope: Construct, id: string, props: QuarantineBucketProps) {
    super(scope, id, {
      ...encryptedBucket(props.encryptionKey),
      bucketName: props.bucketName,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      lifecycleRules: [{ expiration: props.retention, abortIncompleteMultipartUploadAfter: Duration.days(1) }],
      removalPolicy: props.removalPolicy,
    });
    Validations.of(this).acknowledge({
      id: 'AwsSolutions-S1',
      reason:
        'Access logs would need a bucket of their own; who read quarantined bytes is told by CloudTrail data events',
    });
  }
}

/** What a stream's event source writes to the bucket: its keys begin with `aws/lambda/<id of the event source>`. */
const DISCARDED_BATCHES = 'aws/lambda/*';

/** Lets a role put objects into the quarantine bucket under one prefix: a grant to put objects cannot name them. */
export class QuarantineAccess extends WildcardPolicy {
  /** For dead letters: their keys begin with the subscriber's name. */
  static forSubscriber(scope: Construct, role: iam.IRole, bucket: s3.IBucket, subscriber: string): QuarantineAccess {
    const put = new iam.PolicyStatement({
      actions: ['s3:PutObject'],
      resources: [bucket.arnForObjects(`${subscriber}/*`)],
    });
    return new QuarantineAccess(scope, 'WaybillQuarantine', role, [put], "The keys of a subscriber's dead letters");
  }

  /**
   * For the failure destination of a stream's event source.
   *
   * @see https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
   */
  static forEventSource(scope: Construct, role: iam.IRole, bucket: s3.IBucket): QuarantineAccess {
    const put = new iam.PolicyStatement({
      actions: ['s3:PutObject'],
      resources: [bucket.arnForObjects(DISCARDED_BATCHES)],
    });
    const list = new iam.PolicyStatement({ actions: ['s3:ListBucket'], resources: [bucket.bucketArn] });
    return new QuarantineAccess(scope, 'WaybillDiscarded', role, [put, list], 'The keys of discarded batches');
  }
}

/** The bucket as the failure destination of a stream's event source. CDK's own would grant `s3:GetObject*` and the like. */
export function discardedBatchesTo(bucket: s3.IBucket): lambda.IEventSourceDlq {
  return { bind: () => ({ destination: bucket.bucketArn }) };
}
