import { concurrently } from '../aws/concurrently.ts';
import type { Environment } from '../aws/environment.ts';
import { quietly } from '../aws/environment.ts';
import type { Counts } from '../aws/invocation.ts';
import { sendMessages } from '../aws/send-batch.ts';
import { MalformedMessage } from '../contract/errors.ts';
import type { HalfRow } from '../ledger/rows/half.ts';

/** What the queue of a check-back carries: of which half message the producer is asked. */
export interface CheckBackRequest {
  readonly half: string;
}

/** A half message, as far as whoever has it asked for needs it. */
export type Undecided = Pick<HalfRow, 'sk' | 'checkBackQueue'>;

/** A request that a queue did not take. */
export interface UnsentRequest {
  readonly half: string;
  /** Whether the queue is not there. */
  readonly gone: boolean;
  /** What SQS called the failure. */
  readonly code: string;
}

/** Seconds after which the producer of a half message is asked for the first time. */
const FIRST_ASKED_SECONDS = 6;
const QUEUES_AT_ONCE = 4;

/** A queue that is not there: in the query protocol's words, and in the JSON protocol's. */
const NO_QUEUE = /NonExistentQueue|QueueDoesNotExist/;

/**
 * Asks the producers of half messages for their decision, each by its own queue. Where a queue is gone nobody can be
 * asked: that is logged and counted as `unasked`, and the half message waits for its producer or for an operator.
 *
 * @returns the requests that were not sent
 */
export async function requestCheckBacks(
  environment: Environment,
  halves: readonly Undecided[],
  counts: Counts,
): Promise<readonly UnsentRequest[]> {
  const queues = [...Map.groupBy(halves, ({ checkBackQueue }) => checkBackQueue)];
  const unsent = await concurrently(QUEUES_AT_ONCE, queues, async ([url, ofQueue]) => {
    const entries = ofQueue.map(({ sk: half }) => {
      const request: CheckBackRequest = { half };
      return { body: JSON.stringify(request), delaySeconds: FIRST_ASKED_SECONDS };
    });
    const failed = await sendMessages(environment, url, entries);
    const unsent = failed.map(({ index, code }): UnsentRequest => {
      return { half: ofQueue[index]?.sk ?? '', gone: NO_QUEUE.test(code), code };
    });
    const lost = unsent.filter(({ gone }) => gone);
    for (const { half, code } of lost) {
      quietly(() => environment.log.error('no check-back', { half, queue: url, reason: code }));
    }
    counts.add('unasked', lost.length);
    counts.add('asked', ofQueue.length - failed.length);
    return unsent;
  });
  return unsent.flat();
}

/**
 * The half message that a request asks for.
 *
 * @throws MalformedMessage when it is no request
 */
export function halfIn(body: string): string {
  let request: unknown;
  try {
    request = JSON.parse(body);
  } catch {
    request = undefined;
  }
  const half = (request as Partial<CheckBackRequest> | null | undefined)?.half;
  if (typeof half !== 'string')
    throw new MalformedMessage('The record is no check-back request: `{"half": "<half id>"}`');
  return half;
}
