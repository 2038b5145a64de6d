import { Names } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kinesis from 'aws-cdk-lib/aws-kinesis';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { ILedger } from '../ledger/ledger-interface.ts';

/**
 * Lets what sends the ledger's messages (its relay, and for those that wait its forwarder and its sweep) send to one
 * destination. It lives in the destination's stack, so that ledger, channel and subscriber may each have their own: the
 * ledger's stack refers to nobody.
 *
 * A role's inline policies may have 10,240 characters together, which is about 50 destinations of one ledger.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
export class RelayPermission extends iam.Policy {
  private constructor(scope: Construct, roles: readonly iam.IRole[], statements: iam.PolicyStatement[]) {
    // Inline policies of one role replace each other by name, and CDK's own names leave the stack out: a second stack
    // with the same construct ids, or the same construct moved to another stack, would take this permission away.
    const policyName = `relay-to-${Names.uniqueResourceName(scope, { maxLength: 100 })}`;
    super(scope, 'RelayMaySend', { policyName, roles: [...roles], statements });
  }

  /** The queue's encryption key is the ledger's, which the relay may use already. */
  static toQueue(scope: Construct, ledger: ILedger, queue: sqs.IQueue): RelayPermission {
    return new RelayPermission(scope, ledger.senderRoles, [send(queue)]);
  }

  /** Of those who send the ledger's messages, only the relay sends there. */
  static toCheckBack(scope: Construct, ledger: ILedger, queue: sqs.IQueue): RelayPermission {
    return new RelayPermission(scope, [ledger.relayRole], [send(queue)]);
  }

  static toStream(scope: Construct, ledger: ILedger, stream: kinesis.IStream): RelayPermission {
    const put = new iam.PolicyStatement({ actions: ['kinesis:PutRecords'], resources: [stream.streamArn] });
    const key = stream.encryptionKey;
    const encrypt = key && new iam.PolicyStatement({ actions: ['kms:GenerateDataKey'], resources: [key.keyArn] });
    const statements = encrypt && key !== ledger.encryptionKey ? [put, encrypt] : [put];
    return new RelayPermission(scope, ledger.senderRoles, statements);
  }
}

function send(queue: sqs.IQueue): iam.PolicyStatement {
  return new iam.PolicyStatement({ actions: ['sqs:SendMessage'], resources: [queue.queueArn] });
}
