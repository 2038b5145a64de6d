import { type HalfRow, SendFailed } from '../contract/index.ts';
import { concurrently } from './concurrently.ts';
import type { Environment } from './environment.ts';
import type { Counts } from './invocation-summary.ts';
import { quietly } from './quietly.ts';
import { sendMessages } from './send-batch.ts';

/** What the queue of a check-back carries: of which half message the producer is asked. */
export interface CheckBackRequest {
  readonly half: string;
}

/** Seconds after which the producer of a half message is asked for the first time. */
const FIRST_ASKED_SECONDS = 6;
const QUEUES_AT_ONCE = 4;

/** A queue that is not there: in the query protocol's words, and in the JSON protocol's. */
const NO_QUEUE = /NonExistentQueue|QueueDoesNotExist/;

/**
 * Asks the producers of half messages for their decision, each by its own queue. Where a queue is gone nobody can be
 * asked: that is logged and counted as `unasked`, and the half message waits for its producer or for an operator. It must
 * not hold up everybody's messages.
 *
 * @throws SendFailed when a queue that is there does not take a request
 */
export async function requestCheckBacks(
  environment: Environment,
  halves: readonly Pick<HalfRow, 'sk' | 'checkBackQueue'>[],
  counts: Counts,
): Promise<void> {
  const queues = [...Map.groupBy(halves, ({ checkBackQueue }) => checkBackQueue)];
  await concurrently(QUEUES_AT_ONCE, queues, async ([url, ofQueue]) => {
    const entries = ofQueue.map(({ sk: half }) => {
      const request: CheckBackRequest = { half };
      return { body: JSON.stringify(request), delaySeconds: FIRST_ASKED_SECONDS };
    });
    const failed = await sendMessages(environment, url, entries);
    const gone = failed.filter(({ code }) => NO_QUEUE.test(code));
    for (const { index, code } of gone) {
      quietly(() => environment.log.error('no check-back', { half: ofQueue[index]?.sk, queue: url, reason: code }));
    }
    counts.add('unasked', gone.length);
    counts.add('asked', ofQueue.length - failed.length);
    if (failed.length > gone.length) {
      const codes = new Set(failed.map(({ code }) => code));
      throw new SendFailed(`${failed.length} check-back requests were not sent (${[...codes].join(', ')})`);
    }
  });
}
