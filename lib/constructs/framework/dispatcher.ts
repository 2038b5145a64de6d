import { BINDINGS } from '../../contract/bindings.ts';
import { PARTITIONS } from '../../ledger/rows/partitions.ts';
import { SEND } from '../aws/grants.ts';
import { allowRows } from '../aws/ledger-rows.ts';
import type { LogOptions } from './execution.ts';
import type { FrameworkFunction, FrameworkFunctionProps, LedgerParts } from './framework-function.ts';
import type { MessageSchedules } from './message-schedules.ts';

/** The properties that relay, forwarder and sweeper share. */
export interface DispatcherProps extends LogOptions {
  readonly ledger: LedgerParts;
  /** The schedules of messages that are due much later. @default such messages wait for the sweeper */
  readonly schedules?: MessageSchedules;
  /** @default CloudFormation chooses it */
  readonly roleName?: string;
}

/**
 * Variables and permissions of a function that sends committed messages to their subscribers: the function reads
 * routes, writes receipts, and puts into the forward queue what a stream cannot delay or a destination refuses. Each subscriber or stream
 * channel grants, in its own stack, that the function may send there.
 */
export function dispatching(props: DispatcherProps): Pick<FrameworkFunctionProps, 'environment' | 'allows' | 'rows'> {
  const { forwardQueue } = props.ledger;
  return {
    environment: { [BINDINGS.forwardQueueUrl]: forwardQueue.queueUrl, ...props.schedules?.variables },
    allows: [[SEND, forwardQueue.queueArn]],
    rows: [
      { actions: ['dynamodb:Query'], partitions: PARTITIONS.routes },
      { actions: ['dynamodb:PutItem'], partitions: [...PARTITIONS.receipts, ...PARTITIONS.unrouted] },
    ],
  };
}

/** Lets a dispatcher put aside what is due much later. */
export function allowPostponing(dispatcher: FrameworkFunction, { ledger, schedules }: DispatcherProps): void {
  allowRows(dispatcher.role, ledger.table, { actions: ['dynamodb:BatchWriteItem'], partitions: PARTITIONS.due });
  schedules?.grantCreate(dispatcher, dispatcher.role);
}
