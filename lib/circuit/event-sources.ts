import {
  type EventSourceMappingConfiguration,
  type LambdaClient,
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import type { Environment, Sender } from '../aws/environment.ts';
import { errorCode } from '../aws/errors.ts';
import { LEAST_OF_QUEUE, MOST_OF_SHARD } from '../contract/scale.ts';

/** What the controller asks for: SQS by the environment, and Lambda. */
export interface ControlClients {
  readonly environment: Environment;
  readonly lambda: Sender<LambdaClient>;
}

/** An event source of a subscriber's function: of its queue, or of its stream. */
export interface EventSource {
  readonly id: string;
  readonly kind: 'queue' | 'stream';
  /** Whether it hands records over, or is about to. */
  readonly isOn: boolean;
  /** To how many invocations at once it is held: of a stream by shard; 0: no limit. */
  readonly concurrency: number;
}

/** A subscriber's event sources, and the function that they invoke, as their mappings name it. */
export interface EventSources {
  readonly functionArn: string;
  readonly queueArn: string;
  readonly sources: readonly EventSource[];
  /** For how long what waits there is kept, in milliseconds: by the queue, and by the event source of a stream. */
  readonly kept: number;
  /** Messages of the queue, those included that rest or are being handled, as far as SQS counts them. */
  readonly queued: number;
}

/** Counts that make up all messages of a queue. */
const LENGTHS = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
] as const;

/** Lambda changes a mapping already: it is asked again soon. */
export class SourceBusy extends Error {
  override readonly name = 'SourceBusy';
}

/**
 * The event sources of the function that consumes a queue; `undefined` where none does.
 * @see https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html
 */
export async function eventSourcesOf(
  { environment, lambda }: ControlClients,
  queueUrl: string,
): Promise<EventSources | undefined> {
  const { Attributes } = await environment.sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl: queueUrl,
      AttributeNames: ['QueueArn', 'MessageRetentionPeriod', ...LENGTHS],
    }),
  );
  const queueArn = Attributes?.QueueArn ?? '';
  const ofQueue = await lambda.send(new ListEventSourceMappingsCommand({ EventSourceArn: queueArn }));
  const functionArn = ofQueue.EventSourceMappings?.[0]?.FunctionArn;
  if (!functionArn) return undefined;
  const all = await lambda.send(new ListEventSourceMappingsCommand({ FunctionName: functionArn }));
  const mappings = all.EventSourceMappings ?? [];
  // -1: as long as the stream keeps them.
  const ages = mappings.flatMap(({ MaximumRecordAgeInSeconds: age = -1 }) => (age < 0 ? [] : [age]));
  const seconds = Math.min(Number(Attributes?.MessageRetentionPeriod ?? Infinity), ...ages);
  const queued = LENGTHS.reduce((sum, name) => sum + Number(Attributes?.[name] ?? 0), 0);
  return { functionArn, queueArn, sources: mappings.map(sourceOf), kept: seconds * 1_000, queued };
}

function sourceOf(mapping: EventSourceMappingConfiguration): EventSource {
  const kind = mapping.EventSourceArn?.split(':')[2] === 'sqs' ? 'queue' : 'stream';
  const limit = kind === 'queue' ? mapping.ScalingConfig?.MaximumConcurrency : (mapping.ParallelizationFactor ?? 1);
  return {
    id: mapping.UUID ?? '',
    kind,
    isOn: mapping.State !== 'Disabled' && mapping.State !== 'Disabling',
    concurrency: limit ?? 0,
  };
}

/**
 * Switches an event source off, or on with a limit; 0: without one. What is not given stays as it is.
 *
 * @throws SourceBusy while Lambda carries out the last change
 * @see https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html
 */
export async function switchSource(
  { lambda }: ControlClients,
  source: EventSource,
  to: { readonly isOn?: boolean; readonly concurrency?: number },
): Promise<void> {
  const { isOn, concurrency } = to;
  const limit =
    concurrency === undefined
      ? {}
      : source.kind === 'stream'
        ? { ParallelizationFactor: Math.min(MOST_OF_SHARD, Math.max(1, concurrency)) }
        : { ScalingConfig: concurrency === 0 ? {} : { MaximumConcurrency: Math.max(LEAST_OF_QUEUE, concurrency) } };
  try {
    await lambda.send(
      new UpdateEventSourceMappingCommand({ UUID: source.id, ...(isOn !== undefined && { Enabled: isOn }), ...limit }),
    );
  } catch (error) {
    if (/^ResourceInUse|^ResourceConflict|^TooManyRequests/.test(errorCode(error))) {
      throw new SourceBusy(`The event source ${source.id} cannot be changed yet: ${errorCode(error)}`, {
        cause: error,
      });
    }
    throw error;
  }
}
