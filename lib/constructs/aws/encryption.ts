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
 * The actions that DynamoDB, SQS, Kinesis, S3 and CloudWatch Logs name. CDK's own grants say `kms:ReEncrypt*` and the
 * like.
 */
const USE = [
  'kms:Decrypt',
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
] as const;

/**
 * Lets the grantee use a customer key through DynamoDB, SQS, Kinesis and S3.
 *
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
 */
export function grantKeyUse(key: kms.IKey | undefined, grantee: iam.IGrantable): void {
  if (key) allow(grantee, USE, key.keyArn);
}

/** Lets a role that sends to queues, and does nothing else with what the key encrypts, use the key. */
export function grantSendKey(key: kms.IKey | undefined, role: iam.IRole): iam.Grant[] {
  return key ? [allow(role, ['kms:Decrypt', 'kms:GenerateDataKey'], key.keyArn)] : [];
}

/**
 * Lets CloudWatch announce alarms on topics that the key encrypts. Whose alarms may be announced on a topic is said by
 * the topic's own policy.
 *
 * @see https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
 */
export function allowAlarms(key: kms.IKey): void {
  allowService(key, 'cloudwatch.amazonaws.com', ['kms:Decrypt', 'kms:GenerateDataKey']);
}

/**
 * Lets CloudWatch Logs encrypt the account's log groups by the key.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
 */
export function allowLogs(key: kms.IKey): void {
  const { partition, region, account } = Stack.of(key);
  const logGroups = `arn:${partition}:logs:${region}:${account}:*`;
  const actions = [...USE, 'kms:GenerateDataKeyWithoutPlaintext'].sort();
  const conditions = { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': logGroups } };
  allowService(key, `logs.${region}.amazonaws.com`, actions, conditions);
}

const served = new WeakMap<kms.IKey, Set<string>>();

/**
 * Lets a service use the key, once. The policy of an imported key cannot be changed from here, and has to say this
 * itself.
 */
function allowService(key: kms.IKey, service: string, actions: string[], conditions?: iam.Conditions): void {
  const services = served.get(key) ?? new Set();
  if (services.has(service)) return;
  served.set(key, services.add(service));
  const principals = [new iam.ServicePrincipal(service)];
  key.addToResourcePolicy(new iam.PolicyStatement({ principals, actions, resources: ['*'], conditions }));
}
