import { BINDINGS } from '../../contract/bindings.ts';
import { allow, SEND } from '../aws/grants.ts';
import type { ILedger } from '../ledger/ledger-interface.ts';
import type { LogOptions } from './execution.ts';
import type { FrameworkFunction, FrameworkFunctionProps, LedgerAccess } from './framework-function.ts';
import type { MessageSchedules } from './message-schedules.ts';

/** What relay, forwarder and sweeper have in common. */
export interface DispatcherProps extends LogOptions {
  readonly ledger: LedgerAccess & Pick<ILedger, 'forwardQueue'>;
  /** Where each message that is due much later has a schedule of its own. */
  readonly schedules?: MessageSchedules;
  /** @default CloudFormation chooses it */
  readonly roleName?: string;
}

/**
 * What a function may do that sends committed messages to their subscribers: it reads routes, writes receipts, and puts
 * into the forward queue what a stream cannot delay. Where the function may send to is granted by each subscriber or
 * stream channel, in its own stack.
 */
export function dispatching(props: DispatcherProps): Pick<FrameworkFunctionProps, 'environment' | 'allows'> {
  const { table, forwardQueue } = props.ledger;
  return {
    environment: { [BINDINGS.forwardQueueUrl]: forwardQueue.queueUrl, ...props.schedules?.variables },
    allows: [
      [['dynamodb:Query', 'dynamodb:PutItem'], table.tableArn],
      [SEND, forwardQueue.queueArn],
    ],
  };
}

/** Lets a dispatcher put aside what is due much later. */
export function allowPostponing(dispatcher: FrameworkFunction, { ledger, schedules }: DispatcherProps): void {
  allow(dispatcher.role, ['dynamodb:BatchWriteItem'], ledger.table.tableArn);
  schedules?.grantCreate(dispatcher, dispatcher.role);
}
