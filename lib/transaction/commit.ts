import { type CancellationReason, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { v4 } from 'uuid';
import type { Environment } from '../aws/environment.ts';
import { mayPass, type ServiceError } from '../aws/errors.ts';
import { jitter } from '../aws/retry.ts';
import { CommitUndecided } from '../contract/errors.ts';
import { type CommitResult, judgeCancellation, type Undecided } from './outcome.ts';
import type { Action } from './pending-transaction.ts';

/**
 * Commits the actions in one `TransactWriteItems`. Conflicts, throttling and lost replies are met by sending the
 * identical transaction again, under the same client token, so that it applies at most once.
 *
 * @param until when to stop trying, in milliseconds since the epoch
 * @throws CommitUndecided when it is still not known then: the transaction may or may not have been applied
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
 */
export async function commit(
  environment: Environment,
  actions: readonly Action[],
  until: number,
): Promise<CommitResult> {
  const command = new TransactWriteItemsCommand({
    TransactItems: actions.map(({ item }) => item),
    ClientRequestToken: v4({ random: environment.random(16) }),
    ReturnConsumedCapacity: 'TOTAL',
  });
  for (let repeats = 0; ; repeats++) {
    const result = await send(environment, command, actions);
    if (result.kind !== 'undecided') return result;
    const pause = jitter(environment, repeats);
    if (!result.again || environment.now() + pause >= until) {
      throw new CommitUndecided(`The transaction's outcome is not known after ${repeats + 1} tries: ${result.code}`);
    }
    await environment.sleep(pause);
  }
}

/** Not known: sent again unless DynamoDB refused the request for good. */
type Unknown = Undecided & { readonly again: boolean };

async function send(
  environment: Environment,
  command: TransactWriteItemsCommand,
  actions: readonly Action[],
): Promise<CommitResult | Unknown> {
  try {
    await environment.dynamodb.send(command);
    return { kind: 'committed' };
  } catch (thrown) {
    const error = thrown as ServiceError & { readonly CancellationReasons?: CancellationReason[] };
    if (error.name === 'TransactionCanceledException') {
      const roles = actions.map(({ role }) => role);
      const result = judgeCancellation(roles, error.CancellationReasons ?? []);
      return result.kind === 'undecided' ? { ...result, again: true } : result;
    }
    if (error.name === 'ValidationException') return { kind: 'refused', index: -1, code: error.message };
    return { kind: 'undecided', code: error.name, again: mayPass(error) };
  }
}
