import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kinesis from 'aws-cdk-lib/aws-kinesis';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { allow } from './grants.ts';

/** A queue that is encrypted by the customer's key, else by SQS's own, and refuses plain HTTP. */
export function encryptedQueue(key: kms.IKey | undefined): sqs.QueueProps {
  return key
    ? { encryption: sqs.QueueEncryption.KMS, encryptionMasterKey: key, enforceSSL: true }
    : { encryption: sqs.QueueEncryption.SQS_MANAGED, enforceSSL: true };
}

/** A stream that is encrypted by the customer's key, else by Kinesis's. */
export function encryptedStream(key: kms.IKey | undefined): kinesis.StreamProps {
  return key
    ? { encryption: kinesis.StreamEncryption.KMS, encryptionKey: key }
    : { encryption: kinesis.StreamEncryption.MANAGED };
}

/** A bucket that is encrypted by the customer's key, else by S3's own, and refuses plain HTTP. */
export function encryptedBucket(key: kms.IKey | undefined): s3.BucketProps {
  return key
    ? { encryption: s3.BucketEncryption.KMS, encryptionKey: key, bucketKeyEnabled: true, enforceSSL: true }
    : { encryption: s3.BucketEncryption.S3_MANAGED, enforceSSL: true };
}

/**
 * Lets the grantee use a customer key through DynamoDB, SQS, Kinesis and S3. CDK's own grants say `kms:ReEncrypt*` and
 * `kms:GenerateDataKey*`; these are the actions that those services name.
 *
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
 */
export function grantKeyUse(key: kms.IKey | undefined, grantee: iam.IGrantable): void {
  if (!key) return;
  iam.Grant.addToPrincipal({
    grantee,
    actions: [
      'kms:Decrypt',
      'kms:DescribeKey',
      'kms:Encrypt',
      'kms:GenerateDataKey',
      'kms:ReEncryptFrom',
      'kms:ReEncryptTo',
    ],
    resourceArns: [key.keyArn],
  }).assertSuccess();
}

/** Lets a role that sends to queues, and does nothing else with what the key encrypts, use the key. */
export function grantSendKey(key: kms.IKey | undefined, role: iam.IRole): iam.Grant[] {
  return key ? [allow(role, ['kms:Decrypt', 'kms:GenerateDataKey'], key.keyArn)] : [];
}

const keysOfAlarms = new WeakSet<kms.IKey>();

/**
 * Lets CloudWatch announce alarms on topics that the key encrypts. Whose alarms may be announced on a topic is said by
 * the topic's own policy. The policy of an imported key cannot be changed from here, and has to say this itself.
 *
 * @see https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
 */
export function allowAlarms(key: kms.IKey): void {
  if (keysOfAlarms.has(key)) return;
  keysOfAlarms.add(key);
  key.addToResourcePolicy(
    new iam.PolicyStatement({
      principals: [new iam.ServicePrincipal('cloudwatch.amazonaws.com')],
      actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
      resources: ['*'],
    }),
  );
}

const keysOfLogs = new WeakSet<kms.IKey>();

/**
 * Lets CloudWatch Logs encrypt the account's log groups by the key. The policy of an imported key cannot be changed
 * from here, and has to say this itself.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
 */
export function allowLogs(key: kms.IKey): void {
  if (keysOfLogs.has(key)) return;
  keysOfLogs.add(key);
  const { partition, region, account } = Stack.of(key);
  key.addToResourcePolicy(
    new iam.PolicyStatement({
      principals: [new iam.ServicePrincipal(`logs.${region}.amazonaws.com`)],
      actions: [
        'kms:Decrypt',
        'kms:DescribeKey',
        'kms:Encrypt',
        'kms:GenerateDataKey',
        'kms:GenerateDataKeyWithoutPlaintext',
        'kms:ReEncryptFrom',
        'kms:ReEncryptTo',
      ],
      resources: ['*'],
      conditions: { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': `arn:${partition}:logs:${region}:${account}:*` } },
    }),
  );
}
