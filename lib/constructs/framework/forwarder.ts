import { Duration } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { PARTITIONS } from '../../ledger/rows/partitions.ts';
import { allow, CONSUME } from '../aws/grants.ts';
import { allowRows, type RowGrant } from '../aws/ledger-rows.ts';
import { allowSigning, bindSigning } from '../ledger/signing.ts';
import { allowPostponing, type DispatcherProps, dispatching } from './dispatcher.ts';
import { FrameworkFunction } from './framework-function.ts';

/**
 * How long an invocation of the forwarder takes at most: some requests of at most 15 s each, and a second of waiting.
 */
export const FORWARDER_TIMEOUT = Duration.seconds(30);

export interface ForwarderProps extends DispatcherProps {
  /** The most invocations at once, from 2 to 1000. */
  readonly maxConcurrency: number;
}

/** The function that sends on what comes to the forward queue, in its moment. */
export class Forwarder extends FrameworkFunction {
  constructor(scope: Construct, id: string, props: ForwarderProps) {
    const { table, forwardQueue } = props.ledger;
    super(scope, id, {
      ...props,
      ...dispatching(props),
      asset: 'forwarder',
      description: 'Waybill: sends on what is in the forward queue, in its moment',
      timeout: FORWARDER_TIMEOUT,
      memorySize: 512,
    });
    allowPostponing(this, props);
    for (const rows of REDRIVES) allowRows(this.role, table, rows);
    // It publishes anew what has expired.
    bindSigning(props.ledger, this.function);
    allowSigning(props.ledger, this.role);
    allow(this.role, [...CONSUME, 'sqs:ChangeMessageVisibility'], forwardQueue.queueArn);
    new lambda.EventSourceMapping(this, 'Queue', {
      target: this.function,
      eventSourceArn: forwardQueue.queueArn,
      // A batch waits for its latest moment, so batches are small, and many run at once.
      batchSize: 10,
      maxConcurrency: props.maxConcurrency,
      reportBatchItemFailures: true,
    });
  }
}

const { circuits, dead, eventTypes, failures, inbox, outbox, redrives, runningRedrives } = PARTITIONS;

/**
 * What it works on when an operator sends again what is dead or missing: messages, how they have ended or failed, and the
 * operation's own rows. A schedule, too, says which message is due, and the message is read from the table.
 */
const REDRIVES: readonly RowGrant[] = [
  { actions: ['dynamodb:BatchGetItem'], partitions: [...outbox, ...inbox, ...failures] },
  { actions: ['dynamodb:Query'], partitions: [...dead, ...outbox, ...eventTypes] },
  { actions: ['dynamodb:GetItem', 'dynamodb:PutItem'], partitions: redrives },
  { actions: ['dynamodb:PutItem'], partitions: dead },
  // A redrive waits while its subscriber's circuit is open.
  { actions: ['dynamodb:GetItem'], partitions: circuits },
  // What has expired is published anew, for one subscriber alone.
  { actions: ['dynamodb:PutItem'], partitions: [...outbox, ...inbox] },
  { actions: ['dynamodb:UpdateItem'], partitions: inbox },
  { actions: ['dynamodb:DeleteItem'], partitions: [...dead, ...runningRedrives] },
];
