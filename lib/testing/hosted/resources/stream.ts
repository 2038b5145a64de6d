import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamSummaryCommand,
  IncreaseStreamRetentionPeriodCommand,
} from '@aws-sdk/client-kinesis';
import { realClock } from '../../lambda/index.ts';
import type { Physical, ResourceRequest } from './physical.ts';

const SHORTEST_RETENTION = 24;
const POLL_MS = 100;
/** How long an engine may take to create a stream. */
const PATIENCE_MS = 60_000;

/** @see https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kinesis-stream.html */
export async function makeStream({ name, properties, clients }: ResourceRequest): Promise<Physical> {
  const StreamName = String(properties.Name ?? name);
  const { kinesis } = clients;
  const { StreamMode = 'PROVISIONED' } = (properties.StreamModeDetails ?? {}) as { StreamMode?: string };
  await kinesis.send(
    new CreateStreamCommand({
      StreamName,
      ...(StreamMode === 'ON_DEMAND'
        ? { StreamModeDetails: { StreamMode } }
        : { ShardCount: Number(properties.ShardCount ?? 1) }),
    }),
  );
  const arn = await activeArn(StreamName, kinesis);
  const hours = Number(properties.RetentionPeriodHours ?? SHORTEST_RETENTION);
  if (hours > SHORTEST_RETENTION) {
    await kinesis.send(new IncreaseStreamRetentionPeriodCommand({ StreamName, RetentionPeriodHours: hours }));
  }
  return {
    ref: StreamName,
    attributes: { Arn: arn },
    destroy: async () => {
      await kinesis.send(new DeleteStreamCommand({ StreamName, EnforceConsumerDeletion: true }));
    },
  };
}

async function activeArn(StreamName: string, kinesis: ResourceRequest['clients']['kinesis']): Promise<string> {
  const end = realClock.now() + PATIENCE_MS;
  for (;;) {
    const { StreamDescriptionSummary } = await kinesis.send(new DescribeStreamSummaryCommand({ StreamName }));
    const { StreamStatus, StreamARN = '' } = StreamDescriptionSummary ?? {};
    if (StreamStatus === 'ACTIVE') return StreamARN;
    if (realClock.now() > end) throw new Error(`it is ${StreamStatus} after ${PATIENCE_MS / 1000} s`);
    await realClock.sleep(POLL_MS);
  }
}
