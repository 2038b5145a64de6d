import { type Environment, environmentOf } from '../aws/environment.ts';
import { ledgerOf } from '../ledger/ledger.ts';
import { cancelMessage, type EndOrBegun } from './cancel-message.ts';

/** What `cancel` and `reschedule` take besides the message. */
export interface CancelOptions {
  /** @default the process's own: bindings from `process.env`, the AWS SDK's default credentials and region */
  readonly environment?: Environment;
}

/** Whether a message was cancelled. */
export type Cancellation =
  /** It takes effect nowhere any more. `id`: of the message, or of the one in its place where it was rescheduled. */
  | { readonly cancelled: true; readonly id: string }
  /** It has ended at some subscriber already, or has begun an effect outside there, so it goes on at all of them. `ended`: how, by subscriber. */
  | { readonly cancelled: false; readonly id: string; readonly ended: Readonly<Record<string, EndOrBegun>> };

/**
 * Cancels a message: it takes effect at none of its subscribers, or, where one of them was faster, goes on at all of
 * them. It can be cancelled until the first of them has handled it, or has begun an effect outside, even while a queue holds it. Cancelling twice says
 * the same twice.
 *
 * It takes one read of the message, one of its routes, and one transaction of a write for each subscriber and one more.
 *
 * @returns what became of it: coming too late is no error
 * @throws UnknownMessage when no such message was committed, MalformedMessage when it is no message id
 * @throws CommitUndecided when the outcome is unknown after 60 s: ask again
 * @throws TransactionMisused when it is a command of a saga: stop its execution
 * @throws LimitExceeded when more than 98 subscribers expect it
 * @throws MissingBinding when the function was not given to `grantCancel`
 * @example const { cancelled } = await cancel(id);
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
 */
export async function cancel(messageId: string, options: CancelOptions = {}): Promise<Cancellation> {
  const outcome = await cancelMessage(ledgerOf(options.environment ?? environmentOf()), messageId);
  const { id, kind } = outcome;
  return kind === 'ended' ? { cancelled: false, id, ended: outcome.ended } : { cancelled: true, id };
}
