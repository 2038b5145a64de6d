import { isDeepStrictEqual } from 'node:util';
import {
  type CancellationReason,
  type Put,
  PutItemCommand,
  type PutItemCommandInput,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import type { Environment } from '../aws/environment.ts';
import { mayPass, refusedRow, type ServiceError } from '../aws/errors.ts';
import { jitter } from '../aws/retry.ts';
import { MEASURED } from '../aws/usage.ts';
import { CommitUndecided } from '../contract/errors.ts';
import type { Action } from './action.ts';
import { type CommitResult, judgeCancellation, type Role, type Undecided } from './outcome.ts';

/**
 * Commits the actions. A single row of Waybill's own, an inbox or an outbox row, is a conditional `PutItem` of one write
 * unit for each KB; everything else one `TransactWriteItems`, which costs two. Conflicts, throttling and lost replies are
 * met by sending the identical request again, so that it applies at most once. Messages of a sequence take their numbers here.
 *
 * @param until when to stop trying, in milliseconds since the epoch
 * @throws CommitUndecided when it is still not known then: the writes may or may not have been applied
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
 */
export async function commit(
  environment: Environment,
  actions: readonly Action[],
  until: number,
): Promise<CommitResult> {
  if (actions.some(({ unnumbered }) => unnumbered)) {
    const { commitNumbered } = await import('./number-messages.ts');
    return commitNumbered(environment, actions, until, commitAsGiven);
  }
  return commitAsGiven(environment, actions, until);
}

async function commitAsGiven(
  environment: Environment,
  actions: readonly Action[],
  until: number,
): Promise<CommitResult> {
  const send = putting(environment, actions) ?? transacting(environment, actions);
  for (let repeats = 0; ; repeats++) {
    const result = await send();
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

/** Sends a request, always the same. */
type Send = () => Promise<CommitResult | Unknown>;

/** The request for a single row of Waybill's own; `undefined` where the actions need a transaction. */
function putting(environment: Environment, [first, ...others]: readonly Action[]): Send | undefined {
  const put = first?.item.Put;
  if (!put || others.length > 0 || !(first.role.kind === 'inbox' || first.role.kind === 'outbox')) return undefined;
  // A row of a new id has no condition in a transaction, whose token keeps a late try from writing over its mark.
  const command = new PutItemCommand({
    ConditionExpression: 'attribute_not_exists(pk)',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    ...put,
    ...MEASURED,
  } as PutItemCommandInput);
  return async () => {
    try {
      await environment.dynamodb.send(command);
      return { kind: 'committed' };
    } catch (error) {
      const refused = refusedRow(error);
      return refused ? judgeRow(first.role, put, refused.row) : judgeFailure(error as ServiceError);
    }
  };
}

/** What lies there already. An earlier try has written it where it holds the whole row: then its reply was lost. */
function judgeRow(role: Role, { Item = {} }: Put, row: Put['Item']): CommitResult | Unknown {
  if (role.kind === 'outbox') {
    // Somebody may have marked a message since; but what else has its id is another message, which is not to be taken for it.
    const isOurs =
      row !== undefined && Object.keys(Item).every((name) => isMark(name) || isSame(row[name], Item[name]));
    return isOurs ? { kind: 'committed' } : { kind: 'refused', index: 0, code: 'another row has its id' };
  }
  if (isSame(row, Item)) return { kind: 'committed' };
  const result = judgeCancellation([role], [{ Code: 'ConditionalCheckFailed', ...(row && { Item: row }) }]);
  return result.kind === 'undecided' ? { ...result, again: true } : result;
}

/** The only column of a new message that changes later. */
function isMark(column: string): boolean {
  return column === 'sending';
}

/** Whether two values of a row, or two rows, are the same, whichever class their bytes are of. */
function isSame(one: unknown, other: unknown): boolean {
  return isDeepStrictEqual(withPlainBytes(one), withPlainBytes(other));
}

function withPlainBytes(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, withPlainBytes(part)]));
}

function transacting(environment: Environment, actions: readonly Action[]): Send {
  const command = new TransactWriteItemsCommand({
    TransactItems: actions.map(({ item }) => item),
    ClientRequestToken: Buffer.from(environment.random(16)).toString('hex'),
    ...MEASURED,
  });
  return async () => {
    try {
      await environment.dynamodb.send(command);
      return { kind: 'committed' };
    } catch (thrown) {
      const error = thrown as ServiceError & { readonly CancellationReasons?: CancellationReason[] };
      if (error.name !== 'TransactionCanceledException') return judgeFailure(error);
      const roles = actions.map(({ role }) => role);
      const result = judgeCancellation(roles, error.CancellationReasons ?? []);
      return result.kind === 'undecided' ? { ...result, again: true } : result;
    }
  };
}

function judgeFailure(error: ServiceError): CommitResult | Unknown {
  if (error.name === 'ValidationException') return { kind: 'refused', index: -1, code: error.message };
  return { kind: 'undecided', code: error.name, again: mayPass(error) };
}
