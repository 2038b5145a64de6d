import { ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { ListStreamsCommand } from '@aws-sdk/client-kinesis';
import { ListQueuesCommand } from '@aws-sdk/client-sqs';
import { FEATURES, type Feature } from './case.ts';
import type { Clients } from './clients.ts';

type Probe = (aws: Clients) => Promise<unknown>;

const tables: Probe = ({ dynamodb }) => dynamodb.send(new ListTablesCommand({ Limit: 1 }));
const queues: Probe = ({ sqs }) => sqs.send(new ListQueuesCommand({ MaxResults: 1 }));
const streams: Probe = ({ kinesis }) => kinesis.send(new ListStreamsCommand({ Limit: 1 }));

/** A request that changes nothing and that whoever has the feature answers. */
const PROBES: Readonly<Record<Feature, Probe>> = {
  dynamodb: tables,
  'dynamodb-streams': ({ api }) => api.call('streams', 'ListStreams', { Limit: 1 }),
  'dynamodb-ttl': tables,
  sqs: queues,
  'sqs-fifo': queues,
  kinesis: streams,
  'kinesis-read': streams,
  'kinesis-reshard': streams,
  lambda: ({ api }) => api.rest('lambda', 'GET', '/2015-03-31/functions?MaxItems=1'),
  'step-functions': ({ api }) => api.call('states', 'ListStateMachines', { maxResults: 1 }),
  events: ({ api }) => api.call('events', 'ListRules', { Limit: 1 }),
  scheduler: ({ api }) => api.rest('scheduler', 'GET', '/schedules?MaxResults=1'),
};

/**
 * Asks for a sign of each feature, one after another: some engines load a service at its first request, and fail those
 * that come meanwhile. Answers with what was said in place of an answer, by feature.
 */
export async function silentFeatures(
  aws: Clients,
  features: Iterable<Feature> = FEATURES,
): Promise<ReadonlyMap<Feature, string>> {
  const outcomes = new Map<Probe, string | undefined>();
  const silent = new Map<Feature, string>();
  for (const feature of features) {
    const probe = PROBES[feature];
    if (!outcomes.has(probe)) outcomes.set(probe, await probe(aws).then(() => undefined, reasonOf));
    const reason = outcomes.get(probe);
    if (reason !== undefined) silent.set(feature, reason);
  }
  return silent;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const [line = ''] = `${error.name}: ${error.message}`.split('\n');
  return line.slice(0, 200);
}
