import type { Bindings } from '../aws/bindings.ts';
import type { Environment } from '../aws/environment.ts';
import { type InboundRecord, NOT_BEFORE, STREAMED, textOf } from '../aws/record.ts';
import { type QueueEntry, sendMessages } from '../aws/send-batch.ts';
import type { Postponed } from '../aws/visibility.ts';
import { SendFailed } from '../contract/errors.ts';
import { LIMITS } from '../contract/limits.ts';
import { decodeEnvelope, encodeEnvelope } from '../message/envelope.ts';

type StreamRecord = Extract<InboundRecord, { readonly transport: 'stream' }>;

/**
 * Parks stream records in the subscriber's retry queue, so that a shard never waits for them.
 *
 * @throws SendFailed when one could not be parked: the whole batch comes again, and what ended stays ended
 */
export async function park(
  environment: Environment,
  bindings: Bindings,
  records: readonly Postponed<StreamRecord>[],
): Promise<void> {
  const entries = records.map(({ record, delaySeconds }) => ({
    body: parkedText(record),
    ...postponedBy(delaySeconds, environment.now()),
  }));
  const failed = await sendMessages(environment, bindings.get('queueUrl'), entries);
  if (failed.length > 0) {
    throw new SendFailed(`${failed.length} of ${records.length} records could not be parked: ${failed[0]?.code}`);
  }
}

const CAME_BY_STREAM = { [STREAMED]: '1' };

/** SQS delays by 15 minutes at most: what waits for longer says until when, and is given back until then. */
function postponedBy(seconds: number, now: number): Pick<QueueEntry, 'delaySeconds' | 'attributes'> {
  const { queueDelaySeconds } = LIMITS;
  if (seconds <= queueDelaySeconds) return { delaySeconds: seconds, attributes: CAME_BY_STREAM };
  const attributes = { ...CAME_BY_STREAM, [NOT_BEFORE]: String(now + seconds * 1000) };
  return { delaySeconds: queueDelaySeconds, attributes };
}

/** Decoded and encoded again, the text holds only characters that SQS carries. */
function parkedText(record: StreamRecord): string {
  try {
    return encodeEnvelope(decodeEnvelope(textOf(record)));
  } catch (cause) {
    throw new SendFailed('A record that is no envelope could not be dead-lettered, and is not parked', { cause });
  }
}
