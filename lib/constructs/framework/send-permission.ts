import { Names } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kinesis from 'aws-cdk-lib/aws-kinesis';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { ILedger } from '../ledger/ledger-interface.ts';

/**
 * Lets what sends the ledger's messages send to one destination. The permission lives in the destination's stack, so
 * that ledger, channel and subscriber may each have their own: the ledger's stack refers to nobody. A queue's
 * encryption key is the ledger's, which all senders may use already.
 *
 * A role's inline policies may have 10,240 characters together, which is about 50 destinations of one ledger.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
export class SendPermission extends iam.Policy {
  private constructor(
    scope: Construct,
    [id, verb]: readonly [id: string, verb: string],
    roles: readonly iam.IRole[],
    statements: iam.PolicyStatement[],
  ) {
    // Inline policies of one role replace each other by name, and CDK's own names leave the stack out: a second stack
    // with the same construct ids, or the same construct moved to another stack, would take this permission away.
    const policyName = `${verb}-${Names.uniqueResourceName(scope, { maxLength: 100 })}`;
    super(scope, id, { policyName, roles: [...roles], statements });
  }

  /** Lets relay, forwarder and sweeper send to a subscriber's queue. */
  static toQueue(scope: Construct, ledger: ILedger, queue: sqs.IQueue): SendPermission {
    return new SendPermission(scope, RELAY, ledger.senderRoles, [send(queue)]);
  }

  /** Lets relay, forwarder and sweeper send to a channel's stream. */
  static toStream(scope: Construct, ledger: ILedger, stream: kinesis.IStream): SendPermission {
    const put = new iam.PolicyStatement({ actions: ['kinesis:PutRecords'], resources: [stream.streamArn] });
    const key = stream.encryptionKey;
    const encrypt = key && new iam.PolicyStatement({ actions: ['kms:GenerateDataKey'], resources: [key.keyArn] });
    const statements = encrypt && key !== ledger.encryptionKey ? [put, encrypt] : [put];
    return new SendPermission(scope, RELAY, ledger.senderRoles, statements);
  }

  /**
   * Lets the reconciler, where there is one, look at a subscriber's own queue, and send there what the subscriber
   * lacks.
   */
  static toHeal(scope: Construct, { reconcilerRole }: ILedger, { queueArn }: sqs.IQueue): void {
    if (!reconcilerRole) return;
    const actions = ['sqs:GetQueueAttributes', 'sqs:SendMessage'];
    const heal = new iam.PolicyStatement({ actions, resources: [queueArn] });
    new SendPermission(scope, ['ReconcilerMayHeal', 'heal'], [reconcilerRole], [heal]);
  }

  /**
   * Lets the relay, and the reconciler for half messages that the relay has never seen, send requests to a check-back.
   */
  static toCheckBack(scope: Construct, { relayRole, reconcilerRole }: ILedger, queue: sqs.IQueue): void {
    new SendPermission(scope, RELAY, [relayRole], [send(queue)]);
    if (reconcilerRole) new SendPermission(scope, ['ReconcilerMayAsk', 'ask'], [reconcilerRole], [send(queue)]);
  }
}

const RELAY = ['RelayMaySend', 'relay-to'] as const;

function send(queue: sqs.IQueue): iam.PolicyStatement {
  return new iam.PolicyStatement({ actions: ['sqs:SendMessage'], resources: [queue.queueArn] });
}
