import { Names } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';

/**
 * Lets the ledger's reconciler send what is missing to one queue. It lives in the stack of the queue, as the relay's
 * permission does, and counts like it towards what one role's policies may have. The queue's encryption key is the
 * ledger's, which the reconciler may use already.
 */
export class ReconcilerPermission extends iam.Policy {
  private constructor(scope: Construct, role: iam.IRole, id: string, verb: string, statement: iam.PolicyStatement) {
    // Inline policies of one role replace each other by name, and CDK's own names leave the stack out.
    const policyName = `${verb}-${Names.uniqueResourceName(scope, { maxLength: 100 })}`;
    super(scope, id, { policyName, roles: [role], statements: [statement] });
  }

  /** A subscriber's own queue: it is looked at, and sent what the subscriber lacks. */
  static toHeal(scope: Construct, reconcilerRole: iam.IRole, { queueArn }: sqs.IQueue): ReconcilerPermission {
    const heal = new iam.PolicyStatement({
      actions: ['sqs:GetQueueAttributes', 'sqs:SendMessage'],
      resources: [queueArn],
    });
    return new ReconcilerPermission(scope, reconcilerRole, 'ReconcilerMayHeal', 'heal', heal);
  }

  /** The queue of a check-back: it is sent requests for half messages that nobody asks for. */
  static toAsk(scope: Construct, reconcilerRole: iam.IRole, { queueArn }: sqs.IQueue): ReconcilerPermission {
    const ask = new iam.PolicyStatement({ actions: ['sqs:SendMessage'], resources: [queueArn] });
    return new ReconcilerPermission(scope, reconcilerRole, 'ReconcilerMayAsk', 'ask', ask);
  }
}
