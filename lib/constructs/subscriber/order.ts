import { Annotations, Names } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { SubscriberDefinition } from '../../contract/subscriber.ts';
import { lastPartitions, PARTITIONS, parkPartitions, routePartitions } from '../../ledger/rows/partitions.ts';
import { allow, SEND } from '../aws/grants.ts';
import { allowRows, type RowGrant, rowStatement } from '../aws/ledger-rows.ts';
import type { IChannel } from '../channel/channel-interface.ts';
import type { ILedger } from '../ledger/ledger-interface.ts';

/** Of whoever ends a message in its place in an order. */
function fenceRows({ name }: SubscriberDefinition): readonly RowGrant[] {
  return [
    {
      actions: ['dynamodb:GetItem', 'dynamodb:UpdateItem', 'dynamodb:ConditionCheckItem'],
      partitions: lastPartitions(name),
    },
    {
      actions: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem', 'dynamodb:Query'],
      partitions: parkPartitions(name),
    },
  ];
}

/**
 * Lets a subscriber's function keep an order: it writes the fence and parks what comes early; looks up who expects what where
 * a fence refuses; and sends itself, from the outbox, what was parked and is due.
 */
export function keepOrder(
  handler: lambda.Function,
  subscriber: SubscriberDefinition,
  { table }: ILedger,
  queue: sqs.IQueue,
): void {
  for (const grant of orderRows(subscriber)) allowRows(handler, table, grant);
  allow(handler, SEND, queue.queueArn);
}

/** The rows of whoever ends a subscriber's messages in their order, and sends what goes on behind them. */
export function orderRows(subscriber: SubscriberDefinition): readonly RowGrant[] {
  return [
    ...fenceRows(subscriber),
    { actions: ['dynamodb:Query'], partitions: routePartitions(subscriber.consumes) },
    { actions: ['dynamodb:GetItem'], partitions: PARTITIONS.outbox },
  ];
}

/** Lets the ledger's reconciler pass the fence of a subscriber, where it ends what nobody has ended. */
export class FencePermission extends iam.Policy {
  constructor(scope: Construct, subscriber: SubscriberDefinition, ledger: ILedger, reconciler: iam.IRole) {
    // As with the relay's permission to send, the name tells it from the policies of other stacks.
    super(scope, 'ReconcilerMayPass', {
      policyName: `fence-${Names.uniqueResourceName(scope, { maxLength: 100 })}`,
      roles: [reconciler],
      statements: fenceRows(subscriber).map((grant) => rowStatement(ledger.table, grant)),
    });
  }
}

/** Says where a channel does nothing for an order, and what one order for all keys comes to. */
export function warnOfOrder(construct: Construct, subscriber: SubscriberDefinition, channel: IChannel): void {
  const { name, consumes } = subscriber;
  if (!channel.stream && !channel.isFifo) {
    Annotations.of(construct).addWarningV2(
      'waybill:ordered-on-queue',
      `'${name}' is ordered, and its channel is a standard queue, which delivers in any order: what comes early is parked, ` +
        'for some 24 write units and a send each. Where a key often has several messages at once, a FifoChannel or a StreamChannel is cheaper',
    );
  }
  if (consumes.some(({ sequence }) => sequence?.scope === 'global')) {
    Annotations.of(construct).addWarningV2(
      'waybill:global-order',
      `'${name}' has one order for all keys: it handles one message at a time, at most 100 a second`,
    );
  }
}
