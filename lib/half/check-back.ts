import { ChangeMessageVisibilityCommand } from '@aws-sdk/client-sqs';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { concurrently } from '../aws/concurrently.ts';
import { type Environment, environmentOf, quietly } from '../aws/environment.ts';
import { errorTrace } from '../aws/errors.ts';
import { inTime } from '../aws/in-time.ts';
import { type Counts, summarize } from '../aws/invocation.ts';
import { redeliveryDelay } from '../aws/retry.ts';
import { type Duration, durationToMilliseconds } from '../contract/duration.ts';
import { hasCode, InvalidDefinition, MalformedMessage } from '../contract/errors.ts';
import type { EventDefinition } from '../contract/event.ts';
import { METRICS } from '../contract/metrics.ts';
import { DAY_MS } from '../contract/time.ts';
import { markAsked, markUnanswered, readHalf } from '../ledger/half.ts';
import { type Ledger, ledgerOf } from '../ledger/ledger.ts';
import type { HalfRow } from '../ledger/rows/half.ts';
import { decodeEnvelope } from '../message/envelope.ts';
import { messageTime } from '../message/message-id.ts';
import { halfIn } from './check-back-request.ts';
import { commitHalf, rollbackHalf } from './half.ts';

/**
 * What the owner of a local transaction knows of it. `commit`: it has committed. `rollback`: it can commit no more, for its
 * refusal is in the owner's own store under the transaction id, see `decideTransaction`. `unknown`: anything else, and
 * above all that there is no trace of it: it may still be open.
 */
export type TransactionOutcome = 'commit' | 'rollback' | 'unknown';

/** Asks the owner of a local transaction. To throw is to answer `unknown`. */
export type DecideTransaction = (transactionId: string) => Promise<TransactionOutcome>;

/** How `checkBack` asks. */
export interface CheckBackOptions {
  /** How long after `prepare` the owner is asked, at most 12 days. @default '72h' */
  readonly patience?: Duration;
}

/** The Lambda handler of a CheckBack's function. */
export type CheckBackHandler = (event: SQSEvent, context?: Partial<Context>) => Promise<SQSBatchResponse>;

const RECORDS_AT_ONCE = 10;
/** The owner is asked again after 6 s times 1, 1, 2, 3, 5, 8 …, and at least hourly. */
const INTERVAL_SECONDS = 6;
const LONGEST_SECONDS = 3_600;
/** A row says when its owner was asked, to this: a write for each question would say no more. */
const NOTED_MS = 1_800_000;
/** SQS keeps a request for 14 days at most. */
const LONGEST_PATIENCE_MS = 12 * DAY_MS;
/** Where the context does not say how long the invocation may take. */
const INVOCATION_MS = 30_000;
const RESERVE_SHARE = 0.2;

/**
 * The Lambda handler that decides half messages which their producer left undecided: it asks the owner of the local
 * transaction, and commits or rolls back as that answers. It never decides by itself: not by the number of questions, not
 * by time, not because the owner knows nothing of the transaction.
 *
 * A half message still undecided 72 h after its preparation is unanswered: an error is logged, the metric
 * `half-quarantined` is counted, and nobody asks any more. It can be committed and rolled back as before, by
 * `producer.half` or `waybill half`.
 *
 * @throws InvalidDefinition when no event is given, or one twice, or the patience is too long
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html
 * @example
 * export const handler = checkBack(MoneySent, (transactionId) => decideTransaction(execute, transactionId));
 */
export function checkBack(
  event: EventDefinition,
  decide: DecideTransaction,
  options?: CheckBackOptions,
): CheckBackHandler;
/** The same for several events. @example checkBack([[MoneySent, decide], [MoneyReturned, decide]]) */
export function checkBack(
  deciders: readonly (readonly [EventDefinition, DecideTransaction])[],
  options?: CheckBackOptions,
): CheckBackHandler;
export function checkBack(
  first: EventDefinition | readonly (readonly [EventDefinition, DecideTransaction])[],
  second?: DecideTransaction | CheckBackOptions,
  third?: CheckBackOptions,
): CheckBackHandler {
  const single = typeof second === 'function';
  const pairs = single
    ? [[first as EventDefinition, second] as const]
    : (first as readonly (readonly [EventDefinition, DecideTransaction])[]);
  const { patience = '72h' } = (single ? third : second) ?? {};
  const deciders = decidersOf(pairs);
  const longest = durationToMilliseconds(patience);
  if (longest > LONGEST_PATIENCE_MS)
    throw new InvalidDefinition(`A check-back lasts at most 12d: '${patience}' is longer`);
  return async (event, context = {}) => {
    const environment = environmentOf(context);
    const records: unknown = event?.Records;
    if (!Array.isArray(records)) {
      throw new MalformedMessage('The event is no batch of SQS records: check the event source of this function');
    }
    const remaining = context.getRemainingTimeInMillis?.() ?? INVOCATION_MS;
    const asking: Asking = {
      ledger: ledgerOf(environment),
      deciders,
      patience: longest,
      until: environment.now() + remaining * (1 - RESERVE_SHARE),
    };
    return summarize(environment, 'check-back', { records: records.length }, (counts) =>
      checkBackAll(asking, event.Records, counts),
    );
  };
}

interface Asking {
  readonly ledger: Ledger;
  readonly deciders: ReadonlyMap<string, DecideTransaction>;
  /** Milliseconds from the preparation. */
  readonly patience: number;
  /** When to stop waiting for answers and trying to write them down, in milliseconds since the epoch. */
  readonly until: number;
}

/** What became of a request: it is done, or comes again. */
type Outcome = 'committed' | 'rolledBack' | 'decided' | 'gone' | 'quarantined' | 'unknown';

async function checkBackAll(asking: Asking, records: readonly SQSRecord[], counts: Counts): Promise<SQSBatchResponse> {
  const again = await concurrently(RECORDS_AT_ONCE, records, async (record) => {
    try {
      const outcome = await checkBackOne(asking, record);
      counts.add(outcome);
      return outcome === 'unknown';
    } catch (error) {
      counts.add('failed');
      quietly(() =>
        asking.ledger.environment.log.error('check-back failed', { record: record.messageId, ...errorTrace(error) }),
      );
      return true;
    }
  });
  const failed = records.filter((_, index) => again[index]);
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}

/** @throws MalformedMessage for what is no request: it comes again until SQS moves it to the dead-letter queue */
async function checkBackOne(asking: Asking, record: SQSRecord): Promise<Outcome> {
  const { ledger } = asking;
  const { environment } = ledger;
  const halfId = halfIn(record.body);
  const row = await findHalf(ledger, halfId);
  if (!row) return 'gone';
  if (row.state !== 'prepared') return 'decided';

  const answer = await ask(asking, row);
  try {
    const patience = asking.until - environment.now();
    if (answer === 'commit') await commitHalf(environment, halfId, patience);
    if (answer === 'rollback') await rollbackHalf(environment, halfId, patience);
  } catch (error) {
    // Undecided still, or decided the other way in this moment: the next question finds out.
    await rest(environment, row, record);
    throw error;
  }
  if (answer === 'commit') return 'committed';
  if (answer === 'rollback') return 'rolledBack';
  if (environment.now() >= messageTime(halfId) + asking.patience) return giveUpAsking(asking, row, record);
  await rest(environment, row, record);
  await noteAsked(asking, row);
  return 'unknown';
}

/** A half message's row; `undefined` when there is none, so that there is nothing to decide. */
async function findHalf(ledger: Ledger, halfId: string): Promise<HalfRow | undefined> {
  try {
    return await readHalf(ledger, halfId);
  } catch (error) {
    if (!hasCode(error, 'unknown-message')) throw error;
    quietly(() => ledger.environment.log.warn('no such half message', { half: halfId }));
    return undefined;
  }
}

/** The owner's answer: whatever is none is `unknown`. */
async function ask({ ledger: { environment }, deciders, until }: Asking, row: HalfRow): Promise<TransactionOutcome> {
  const { type } = decodeEnvelope(row.envelope);
  const decide = deciders.get(type);
  let answer: unknown;
  let reason: Record<string, unknown> = { answered: false };
  try {
    if (!decide) throw new InvalidDefinition(`This function checks back no '${type}': add it to \`checkBack\``);
    // A promise in any case, so that what throws at once is met here too.
    const asked = (async () => {
      answer = await decide(row.transaction);
    })();
    if (await inTime(environment, until, asked)) reason = { answered: true };
  } catch (error) {
    reason = errorTrace(error);
  }
  if (answer === 'commit' || answer === 'rollback') return answer;
  if (answer !== 'unknown') quietly(() => environment.log.warn('no answer', { half: row.sk, type, ...reason }));
  return 'unknown';
}

/** Lets the request come again after a while. Where that fails, it comes after the queue's visibility timeout. */
async function rest(environment: Environment, { sk, checkBackQueue }: HalfRow, record: SQSRecord): Promise<void> {
  try {
    await environment.sqs.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl: checkBackQueue,
        ReceiptHandle: record.receiptHandle,
        VisibilityTimeout: checkBackInterval(Number(record.attributes.ApproximateReceiveCount) || 1),
      }),
    );
  } catch (error) {
    quietly(() => environment.log.warn('visibility unchanged', { half: sk, ...errorTrace(error) }));
  }
}

/**
 * Seconds until the owner is asked again.
 *
 * @param questions how often it was asked, at least once
 */
export function checkBackInterval(questions: number): number {
  return Math.min(LONGEST_SECONDS, INTERVAL_SECONDS * redeliveryDelay(questions));
}

/** Says in the row that somebody asks, so that reconciliation need not. */
async function noteAsked({ ledger, until }: Asking, { sk: half, asked = 0 }: HalfRow): Promise<void> {
  const { environment } = ledger;
  if (asked > environment.now() - NOTED_MS) return;
  try {
    await markAsked(ledger, half, until);
  } catch (error) {
    quietly(() => environment.log.warn('not marked', { half, ...errorTrace(error) }));
  }
}

async function giveUpAsking(
  { ledger, until }: Asking,
  { sk: half, quarantined: unanswered = 0 }: HalfRow,
  { attributes }: SQSRecord,
): Promise<Outcome> {
  const { environment } = ledger;
  // Of two requests the first has told.
  if (Number(attributes.SentTimestamp) < unanswered) return 'quarantined';
  const write = await markUnanswered(ledger, half, until);
  if (write.kind === 'unknown') return 'unknown';
  if (write.kind === 'refused') return 'decided';
  quietly(() => environment.log.error('half message quarantined', { half }));
  quietly(() => environment.metrics.count(METRICS.halfQuarantined, 1));
  return 'quarantined';
}

function decidersOf(
  pairs: readonly (readonly [EventDefinition, DecideTransaction])[],
): ReadonlyMap<string, DecideTransaction> {
  const deciders = new Map(pairs.map(([{ type }, decide]) => [type, decide]));
  if (deciders.size === 0 || deciders.size < pairs.length) {
    throw new InvalidDefinition('A check-back takes at least one event, and each event once');
  }
  return deciders;
}
