import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as sns from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { allowAlarms } from '../aws/encryption.ts';

/** A topic on which the alarms of this account and region are announced, by TLS only. */
export class AlarmTopic extends sns.Topic {
  constructor(scope: Construct, id: string, { encryptionKey }: { readonly encryptionKey?: kms.IKey }) {
    super(scope, id, { enforceSSL: true, masterKey: encryptionKey });
    if (encryptionKey) allowAlarms(encryptionKey);
    // A topic that has a policy no longer has the one by which CloudWatch could publish.
    this.addToResourcePolicy(
      new iam.PolicyStatement({
        principals: [new iam.ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [this.topicArn],
        conditions: {
          ArnLike: { 'aws:SourceArn': alarmArns(this) },
          StringEquals: { 'aws:SourceAccount': Stack.of(this).account },
        },
      }),
    );
  }
}

/** The ARNs of all alarms of the construct's own account and region. */
export function alarmArns(scope: Construct): string {
  const { partition, region, account } = Stack.of(scope);
  return `arn:${partition}:cloudwatch:${region}:${account}:alarm:*`;
}
