import { toItem } from '../aws/attribute.ts';
import { bindingsOf } from '../aws/bindings.ts';
import { type Environment, environmentOf } from '../aws/environment.ts';
import type { Delay, DelayOf } from '../contract/delay.ts';
import { CommitUndecided, HalfMessageDecided, LimitExceeded, TransactionRefused } from '../contract/errors.ts';
import type { EventDefinition, EventInput } from '../contract/event.ts';
import { LIMITS } from '../contract/limits.ts';
import { writtenFormat } from '../ledger/format.ts';
import { putHalf, readHalf, tombstone, UNDECIDED_LIFE_MS, unknownHalf } from '../ledger/half.ts';
import { type Ledger, ledgerOf } from '../ledger/ledger.ts';
import { mintingShards } from '../ledger/minted-shards.ts';
import { type HalfRow, halfKey } from '../ledger/rows/half.ts';
import { outboxRow } from '../ledger/rows/outbox.ts';
import { learnKeys, sealed, signs } from '../ledger/signing.ts';
import { decodeEnvelope, type Envelope, encodeEnvelope } from '../message/envelope.ts';
import { newMessage } from '../message/new-message.ts';
import { withNewId } from '../message/with-new-id.ts';
import type { Action } from '../transaction/action.ts';
import { commit } from '../transaction/commit.ts';
import { COMMIT_MS } from '../transaction/pending-transaction.ts';
import { idSourceOf } from '../transaction/tails.ts';

/** A message that takes effect when its producer's local transaction has committed, and not otherwise. */
export interface HalfMessage {
  /** The half id: by it any process can decide, see `producer.half`. It is not the message's id. */
  readonly id: string;
  /**
   * Lets the message take effect, once the local transaction has committed.
   *
   * @returns the message's id, the same however often it is committed
   * @throws HalfMessageDecided when it was rolled back
   * @throws CommitUndecided when the outcome is unknown after 60 s: commit again, or leave it to the check-back
   */
  commit(): Promise<{ readonly id: string }>;
  /**
   * Gives the message up. Only once the local transaction can commit no more: when its refusal is in the producer's own
   * store, see `decideTransaction`. Rolling back twice is the same as once.
   *
   * @throws HalfMessageDecided when it was committed
   * @throws CommitUndecided as `commit`
   */
  rollback(): Promise<void>;
}

/** Where `producer.half` finds the half message. */
export interface HalfOptions {
  /** @default the process's own: bindings from `process.env`, the AWS SDK's default credentials and region */
  readonly environment?: Environment;
}

/** `delay` counts from `prepare`, not from `commit`. */
export type PrepareOptions = HalfOptions &
  Delay & {
    /**
     * The id of the local transaction, by which the check-back asks for it: 1 to 1,024 bytes, and another one for each
     * `prepare`, since two half messages of one transaction would both take effect.
     * @default the half id
     */
    readonly transactionId?: string;
  };

/**
 * Prepares a message whose effect depends on a transaction in another store than the ledger. Nobody sees it before
 * `commit`; until it is decided, the producer's `checkBack` is asked, first after 6 s.
 *
 * One write; `commit` is one call of two more.
 *
 * @throws InvalidPayload, LimitExceeded, InvalidDefinition before anything is written
 * @throws CommitUndecided when it is unknown after 60 s whether it was prepared: do not begin the local transaction. If it
 * was, the check-back rolls it back
 * @throws TransactionRefused when DynamoDB refuses the row for good
 * @throws MissingBinding when the function was not given to `grantPrepare`
 * @example
 * const half = await producer.prepare(MoneySent, { to, amount }, { transactionId });
 * await debit(from, amount, transactionId); // the local transaction
 * await half.commit();
 */
export async function prepare<Event extends EventDefinition>(
  event: Event,
  payload: EventInput<Event>,
  options?: PrepareOptions & DelayOf<Event>,
): Promise<HalfMessage> {
  const { environment = environmentOf(), transactionId, delay, deliverAt }: PrepareOptions = options ?? {};
  if (transactionId !== undefined) refuseTransactionId(event, transactionId);
  const bindings = bindingsOf(environment);
  const checkBackQueue = bindings.get('checkBackQueueUrl');
  const envelope = newMessage(environment, bindings, event, payload, { delay, deliverAt } as Delay);
  const row: HalfRow = {
    ...halfKey(envelope.id),
    state: 'prepared',
    transaction: transactionId ?? envelope.id,
    envelope: encodeEnvelope(envelope),
    checkBackQueue,
    ttl: Math.ceil((environment.now() + UNDECIDED_LIFE_MS) / 1000),
  };
  const write = await putHalf(ledgerOf(environment, bindings), row, environment.now() + COMMIT_MS);
  if (write.kind === 'unknown') {
    throw new CommitUndecided(`It is not known whether the half message '${envelope.id}' was prepared: ${write.code}`);
  }
  return {
    id: envelope.id,
    commit: () => commitEnvelope(environment, envelope),
    rollback: () => rollbackHalf(environment, envelope.id),
  };
}

/**
 * A half message that was prepared before, by this process or another.
 *
 * @param halfId of `HalfMessage`. Deciding throws MalformedMessage when it is none, UnknownMessage when nobody knows it
 * @example await producer.half(halfId).commit();
 */
export function half(halfId: string, { environment = environmentOf() }: HalfOptions = {}): HalfMessage {
  return {
    id: halfId,
    commit: () => commitHalf(environment, halfId),
    rollback: () => rollbackHalf(environment, halfId),
  };
}

/**
 * Commits a half message by its id, see `HalfMessage`. One read more than by the process that prepared it.
 *
 * @param patience milliseconds to try, at most 60 s
 */
export async function commitHalf(
  environment: Environment,
  halfId: string,
  patience: number = COMMIT_MS,
): Promise<{ readonly id: string }> {
  const row = await readHalf(ledgerOf(environment), halfId);
  return row.state === 'prepared'
    ? commitEnvelope(environment, decodeEnvelope(row.envelope), patience)
    : committed(row);
}

/** Rolls a half message back by its id, see `HalfMessage`. */
export async function rollbackHalf(
  environment: Environment,
  halfId: string,
  patience: number = COMMIT_MS,
): Promise<void> {
  const write = await tombstone(ledgerOf(environment), halfId, environment.now() + patience);
  if (write.kind === 'written') return;
  if (write.kind === 'unknown') {
    throw new CommitUndecided(`It is not known whether the half message '${halfId}' was rolled back: ${write.code}`);
  }
  if (!write.row) throw unknownHalf(halfId);
  if (write.row.state === 'committed') {
    throw new HalfMessageDecided(`The half message '${halfId}' was committed as '${write.row.message}'`);
  }
}

/** Commits what was prepared as `prepared`, in one transaction: the half row's decision and the message. */
async function commitEnvelope(
  environment: Environment,
  prepared: Envelope,
  patience: number = COMMIT_MS,
): Promise<{ readonly id: string }> {
  const ledger = ledgerOf(environment);
  if (signs(environment)) await learnKeys(environment);
  const now = environment.now();
  const message = takingEffect(ledger, prepared, now);
  const actions = [decide(ledger, prepared.id, message), outboxAction(ledger, message)];
  const decision = await commit(environment, actions, now + Math.min(patience, COMMIT_MS));
  switch (decision.kind) {
    case 'committed':
      return { id: message.id };
    case 'conditionFailed':
      // Its id was older than the newest of its key: the next one is not.
      if (decision.conflict) return commitEnvelope(environment, prepared, patience - (environment.now() - now));
      return committed(await readHalf(ledger, prepared.id));
    case 'refused':
      throw new TransactionRefused(`DynamoDB refused ${actions[decision.index]?.row ?? 'it'}: ${decision.code}`);
    case 'ended':
    case 'duplicate':
    case 'withheld':
      throw new TransactionRefused('A half message has no inbox and no idempotency key');
  }
}

/** The message of a half message: committed now, so its id and its life begin now, and those of its chain. */
function takingEffect(ledger: Ledger, prepared: Envelope, now: number): Envelope {
  const { environment, table } = ledger;
  const deliverAt = prepared.deliverat === undefined ? now : Date.parse(prepared.deliverat);
  const ids = idSourceOf(environment, table, prepared);
  const message = withNewId(ids, mintingShards(ledger), prepared, deliverAt > now ? deliverAt : undefined);
  return { ...message, correlationid: message.id };
}

function decide({ table }: Ledger, halfId: string, message: Envelope): Action {
  const { ttl } = outboxRow(message);
  const item = {
    Update: {
      TableName: table,
      Key: toItem(halfKey(halfId)),
      UpdateExpression: 'SET #state = :committed, message = :message, #ttl = :ttl',
      ConditionExpression: '#state = :prepared',
      ExpressionAttributeNames: { '#state': 'state', '#ttl': 'ttl' },
      ExpressionAttributeValues: toItem({
        ':prepared': 'prepared',
        ':committed': 'committed',
        ':message': message.id,
        ':ttl': ttl,
      }),
    },
  };
  return { item, role: { kind: 'business', otherwise: 'deadLetter' }, row: 'the half message' };
}

function outboxAction(ledger: Ledger, message: Envelope): Action {
  const { table } = ledger;
  const put = (envelope: Envelope) => ({
    Put: {
      TableName: table,
      Item: toItem(outboxRow(sealed(ledger.environment, envelope), writtenFormat(ledger), table)),
    },
  });
  return {
    item: put(message),
    role: { kind: 'outbox' },
    row: `the message '${message.type}'`,
    ...(message.order !== undefined && { unnumbered: { envelope: message, table, put } }),
  };
}

/** The message of a half message that somebody has decided already. */
function committed({ sk, state, message }: HalfRow): { readonly id: string } {
  if (state === 'committed' && message !== undefined) return { id: message };
  if (state === 'rolledBack') throw new HalfMessageDecided(`The half message '${sk}' was rolled back`);
  throw new CommitUndecided(`The half message '${sk}' is still undecided: commit it again`);
}

function refuseTransactionId({ type }: EventDefinition, transactionId: unknown): void {
  const bytes = typeof transactionId === 'string' ? Buffer.byteLength(transactionId) : 0;
  if (bytes < 1 || bytes > LIMITS.idempotencyKeyBytes) {
    throw new LimitExceeded(
      `The transaction id of '${type}' has ${bytes} bytes; it takes 1 to ${LIMITS.idempotencyKeyBytes}`,
    );
  }
}
