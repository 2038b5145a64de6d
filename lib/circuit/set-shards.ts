import { errorCode } from '../aws/errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { ScaleRow } from '../ledger/rows/scale.ts';
import { markSharded } from '../ledger/scale.ts';

/** A stream takes minutes to be given shards. */
const UPDATING_SECONDS = 30;

/**
 * Gives a stream the shards that a scaler wants, by steps of at most twice and at least half as many.
 *
 * @returns the seconds after which to go on; `undefined` where it has them, or Kinesis takes no more changes today: others may have made some, and the scaler
 * asks again
 * @see https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html
 */
export async function setShards(
  ledger: Ledger,
  subscriber: string,
  StreamName: string,
  { shards, shardsApplied }: ScaleRow,
): Promise<number | undefined> {
  if (shards === undefined || shards === shardsApplied) return undefined;
  const { DescribeStreamSummaryCommand, UpdateShardCountCommand } = await import('../aws/kinesis-shards.ts');
  const kinesis = await ledger.environment.kinesis();
  const { StreamDescriptionSummary } = await kinesis.send(new DescribeStreamSummaryCommand({ StreamName }));
  const { OpenShardCount: open = shards, StreamStatus } = StreamDescriptionSummary ?? {};
  if (StreamStatus === 'UPDATING') return UPDATING_SECONDS;
  if (open === shards) {
    await markSharded(ledger, subscriber, shards);
    return undefined;
  }
  const TargetShardCount = Math.min(open * 2, Math.max(Math.ceil(open / 2), shards));
  try {
    await kinesis.send(new UpdateShardCountCommand({ StreamName, TargetShardCount, ScalingType: 'UNIFORM_SCALING' }));
  } catch (error) {
    if (/^LimitExceeded/.test(errorCode(error))) return undefined;
    if (!/^ResourceInUse/.test(errorCode(error))) throw error;
  }
  return UPDATING_SECONDS;
}
