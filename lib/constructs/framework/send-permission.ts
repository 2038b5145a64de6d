import { Names } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kinesis from 'aws-cdk-lib/aws-kinesis';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { SEND } from '../aws/grants.ts';
import type { ILedger } from '../ledger/ledger-interface.ts';

/** Lets relay, forwarder and sweeper send to a subscriber's own queue. */
export function allowDelivery(queue: sqs.IQueue, { senderRoles }: ILedger): void {
  allowRoles(queue, 'Deliver', SEND, senderRoles);
}

/**
 * Lets the reconciler, where there is one, look at a subscriber's own queue, and send there what the subscriber lacks.
 */
export function allowHealing(queue: sqs.IQueue, { reconcilerRole }: ILedger): void {
  if (reconcilerRole) allowRoles(queue, 'Heal', [...SEND, 'sqs:GetQueueAttributes'], [reconcilerRole]);
}

/**
 * Lets the forwarder, which redrives, send to the retry queue of a stream's subscriber: relay and sweeper have only the stream
 * to send to.
 */
export function allowRedriving(retryQueue: sqs.IQueue, { forwarderRole }: ILedger): void {
  allowRoles(retryQueue, 'Redrive', SEND, [forwarderRole]);
}

/** Lets the forwarder take letters out of a subscriber's dead-letter queue, once a redrive has ended their messages. */
export function allowSweeping(deadLetterQueue: sqs.IQueue, { forwarderRole }: ILedger): void {
  const actions = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility'];
  allowRoles(deadLetterQueue, 'Sweep', actions, [forwarderRole]);
}

/** Lets the relay, and the reconciler for half messages that the relay has never seen, send requests to a check-back. */
export function allowRequests(queue: sqs.IQueue, { relayRole, reconcilerRole }: ILedger): void {
  allowRoles(queue, 'Ask', SEND, [relayRole, ...(reconcilerRole ? [reconcilerRole] : [])]);
}

/**
 * Allows roles something in the queue's own policy, in the queue's stack: the ledger's stack refers to nobody, and its
 * roles stay as small with hundreds of subscribers as with one. A queue's encryption key is the ledger's, which all
 * these roles may use already.
 *
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-using-identity-based-policies.html
 */
function allowRoles(queue: sqs.IQueue, sid: string, actions: readonly string[], roles: readonly iam.IRole[]): void {
  const principals = roles.map(({ roleArn }) => new iam.ArnPrincipal(roleArn));
  queue.addToResourcePolicy(
    new iam.PolicyStatement({ sid, actions: [...actions], principals, resources: [queue.queueArn] }),
  );
}

/**
 * Lets relay, forwarder and sweeper send to a channel's stream. The permission lives in the stream's stack.
 *
 * A role's inline policies may have 10,240 characters together, which is about 40 streams of one ledger.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
export class StreamPermission extends iam.Policy {
  constructor(scope: Construct, ledger: ILedger, stream: kinesis.IStream) {
    const put = new iam.PolicyStatement({ actions: ['kinesis:PutRecords'], resources: [stream.streamArn] });
    const key = stream.encryptionKey;
    const encrypt = key && new iam.PolicyStatement({ actions: ['kms:GenerateDataKey'], resources: [key.keyArn] });
    // Inline policies of one role replace each other by name, and CDK's own names leave the stack out: a second stack
    // with the same construct ids, or the same construct moved to another stack, would take this permission away.
    super(scope, 'RelayMaySend', {
      policyName: `relay-to-${Names.uniqueResourceName(scope, { maxLength: 100 })}`,
      roles: [...ledger.senderRoles],
      statements: encrypt && key !== ledger.encryptionKey ? [put, encrypt] : [put],
    });
  }
}
