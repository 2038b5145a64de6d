import { Duration, Validations } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct, IDependable } from 'constructs';
import { encryptedBucket } from '../aws/encryption.ts';
import { WildcardPolicy } from '../aws/wildcard-policy.ts';

export interface QuarantineBucketProps extends Pick<s3.BucketProps, 'bucketName' | 'encryptionKey' | 'removalPolicy'> {
  readonly retention: Duration;
}

/** The bucket for bytes that a queue cannot carry, and for batches that a stream's event source has given up. */
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

/** The keys under which a stream's event source writes begin with `aws/lambda/<id of the event source>`. */
const DISCARDED_BATCHES = 'aws/lambda/*';

/**
 * Lets a role put dead letters into the bucket. Their keys begin with the subscriber's name: a grant cannot name each.
 */
export function allowQuarantine(scope: Construct, role: iam.IRole, bucket: s3.IBucket, subscriber: string): void {
  const put = new iam.PolicyStatement({
    actions: ['s3:PutObject'],
    resources: [bucket.arnForObjects(`${subscriber}/*`)],
  });
  new WildcardPolicy(scope, 'WaybillQuarantine', role, [put], "The keys of a subscriber's dead letters");
}

/**
 * Lets a role put into the bucket what a stream's event source has given up.
 *
 * @returns what must be there before the event source is: Lambda checks that the role may write to its failure destination
 * @see https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
 */
export function allowDiscarding(scope: Construct, role: iam.IRole, bucket: s3.IBucket): IDependable {
  const put = new iam.PolicyStatement({
    actions: ['s3:PutObject'],
    resources: [bucket.arnForObjects(DISCARDED_BATCHES)],
  });
  const list = new iam.PolicyStatement({ actions: ['s3:ListBucket'], resources: [bucket.bucketArn] });
  return new WildcardPolicy(scope, 'WaybillDiscarded', role, [put, list], 'The keys of discarded batches');
}

/**
 * The options of an event source on a stream: it reads from the first record on, since `LATEST` would miss what is sent
 * while the event source is created, and for half of what the stream keeps. What is discarded then is still in the
 * ledger and in the bucket.
 */
export function streamSourceOptions(bucket: s3.IBucket) {
  return {
    startingPosition: lambda.StartingPosition.TRIM_HORIZON,
    bisectBatchOnError: true,
    maxRecordAge: Duration.hours(12),
    // CDK's own destination would grant `s3:GetObject*` and the like.
    onFailure: { bind: () => ({ destination: bucket.bucketArn }) },
  };
}
