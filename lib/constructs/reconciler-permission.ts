import { Names } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';

/**
 * Lets the ledger's reconciler look at a subscriber's own queue, and send to it what is missing. It lives in the
 * subscriber's stack, as the relay's permission does, and counts like it towards what one role's policies may have.
 */
export class ReconcilerPermission extends iam.Policy {
  /** The queue's encryption key is the ledger's, which the reconciler may use already. */
  constructor(scope: Construct, reconcilerRole: iam.IRole, queue: sqs.IQueue) {
    const heal = new iam.PolicyStatement({
      actions: ['sqs:GetQueueAttributes', 'sqs:SendMessage'],
      resources: [queue.queueArn],
    });
    // Inline policies of one role replace each other by name, and CDK's own names leave the stack out.
    const policyName = `heal-${Names.uniqueResourceName(scope, { maxLength: 100 })}`;
    super(scope, 'ReconcilerMayHeal', { policyName, roles: [reconcilerRole], statements: [heal] });
  }
}
