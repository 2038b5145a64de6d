import type { EventPattern, EventSourceMapping, FailureDestination, Invoke } from '../lambda/index.ts';
import type { DataPlane } from './data-plane.ts';
import type { Place } from './template.ts';

/** An event source mapping of a template. */
export interface DeclaredMapping {
  readonly place: Place;
  /** Its function, by one of its names. */
  readonly target: string;
  /** `dynamodb`, `kinesis` or `sqs`; whatever else it is cannot be polled. */
  readonly service: string;
  readonly properties: MappingProperties;
}

interface MappingProperties {
  readonly FunctionName: string;
  readonly EventSourceArn: string;
  readonly Enabled?: boolean | string;
  readonly BatchSize?: number;
  readonly MaximumBatchingWindowInSeconds?: number;
  readonly FunctionResponseTypes?: readonly string[];
  readonly FilterCriteria?: { readonly Filters?: readonly { readonly Pattern: string }[] };
  readonly ScalingConfig?: { readonly MaximumConcurrency?: number };
  readonly StartingPosition?: string;
  readonly ParallelizationFactor?: number;
  readonly BisectBatchOnFunctionError?: boolean;
  readonly MaximumRetryAttempts?: number;
  readonly MaximumRecordAgeInSeconds?: number;
  readonly TumblingWindowInSeconds?: number;
  readonly DestinationConfig?: { readonly OnFailure?: { readonly Destination?: string } };
}

/** All event source mappings of the templates. */
export async function mappingsOf(plane: DataPlane): Promise<readonly DeclaredMapping[]> {
  const mappings = plane.resources().filter(({ resource }) => resource.Type === 'AWS::Lambda::EventSourceMapping');
  return Promise.all(
    mappings.map(async ({ place, resource }) => {
      const properties = (await plane.resolve(place.stack, resource.Properties)) as MappingProperties;
      const service = String(properties.EventSourceArn).split(':')[2] ?? '';
      return { place, target: unqualified(properties.FunctionName), service, properties };
    }),
  );
}

/** A function's name or ARN without the alias or version that ends it. */
function unqualified(name: string): string {
  const parts = name.split(':');
  return parts.slice(0, parts[0] === 'arn' ? 7 : 1).join(':');
}

/**
 * The mapping as the poller takes it; `undefined` where it is disabled, or its source is not hosted.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-eventsourcemapping.html
 */
export async function polled(
  { properties, service }: DeclaredMapping,
  name: string,
  invoke: Invoke,
  plane: DataPlane,
): Promise<EventSourceMapping | undefined> {
  const { EventSourceArn: arn, FilterCriteria, FunctionResponseTypes = [] } = properties;
  if (String(properties.Enabled) === 'false') return undefined;
  const common = {
    name,
    invoke,
    ...(properties.BatchSize !== undefined && { batchSize: Number(properties.BatchSize) }),
    maxBatchingWindow: Number(properties.MaximumBatchingWindowInSeconds ?? 0) * 1000,
    reportBatchItemFailures: FunctionResponseTypes.includes('ReportBatchItemFailures'),
    ...(FilterCriteria?.Filters && {
      filters: FilterCriteria.Filters.map(({ Pattern }) => JSON.parse(Pattern) as EventPattern),
    }),
  };
  if (service === 'sqs') {
    const queueUrl = await plane.queueUrl(arn);
    const { MaximumConcurrency } = properties.ScalingConfig ?? {};
    if (queueUrl === undefined) return undefined;
    return {
      kind: 'queue',
      queueUrl,
      ...common,
      ...(MaximumConcurrency !== undefined && { maxConcurrency: Number(MaximumConcurrency) }),
    };
  }
  const age = Number(properties.MaximumRecordAgeInSeconds ?? -1);
  const sharded = {
    ...common,
    startingPosition: properties.StartingPosition === 'LATEST' ? ('LATEST' as const) : ('TRIM_HORIZON' as const),
    parallelizationFactor: Number(properties.ParallelizationFactor ?? 1),
    bisectBatchOnError: properties.BisectBatchOnFunctionError ?? false,
    retryAttempts: Number(properties.MaximumRetryAttempts ?? -1),
    maxRecordAge: age < 0 ? -1 : age * 1000,
    tumblingWindow: Number(properties.TumblingWindowInSeconds ?? 0) * 1000,
    ...(await onFailure(properties.DestinationConfig?.OnFailure?.Destination, plane)),
  };
  if (service === 'dynamodb') return { kind: 'table', streamArn: arn, ...sharded };
  if (service === 'kinesis') return { kind: 'stream', streamName: arn.split('/').at(-1) ?? '', ...sharded };
  return undefined;
}

async function onFailure(
  arn: string | undefined,
  plane: DataPlane,
): Promise<{ readonly onFailure?: FailureDestination }> {
  const service = arn?.split(':')[2];
  if (arn && service === 's3') return { onFailure: { kind: 'bucket', bucket: arn.split(':').at(-1) ?? '' } };
  const queueUrl = arn && service === 'sqs' ? await plane.queueUrl(arn) : undefined;
  return queueUrl === undefined ? {} : { onFailure: { kind: 'queue', queueUrl } };
}
