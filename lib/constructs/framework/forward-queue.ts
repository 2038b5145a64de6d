import { Duration } from 'aws-cdk-lib';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { WorkQueue } from '../aws/work-queue.ts';

export interface ForwardQueueProps {
  readonly queueName?: string;
  readonly encryptionKey?: kms.IKey;
}

/** How long an invocation of the forwarder takes at most: some requests of at most 15 s each, and a second of waiting. */
export const FORWARDER_TIMEOUT = Duration.seconds(30);

/** A message is received once more for each failure, throttle, and moment that came too early. */
const FORWARD_RECEIVES = 100;

/**
 * What is sent on from a queue instead of the ledger's stream: messages that their producers send themselves, and copies
 * that wait for their moment outside a stream. What SQS gives up of it is still in the ledger, where reconciliation finds it.
 */
export class ForwardQueue extends WorkQueue {
  constructor(scope: Construct, id: string, props: ForwardQueueProps) {
    super(scope, id, { ...props, timeout: FORWARDER_TIMEOUT, maxReceiveCount: FORWARD_RECEIVES });
  }
}
