import type { Grant } from './deployed-roles.ts';
import { allows, rowActionsOf } from './leading-keys.ts';
import type { SignedApi } from './signed-api.ts';

/** A call that the engine allowed: what it did, to which resource, and who made it. */
export interface RecordedCall extends Omit<Grant, 'condition'> {
  /** The application's name that the caller tells with its calls. */
  readonly by: string;
  /** Of DynamoDB: the partition keys of the rows. Absent where the table's partition key is not that of a ledger. */
  readonly keys?: readonly string[];
}

interface Event {
  readonly EventId: string;
  readonly EventName: string;
  /** Seconds since the epoch. */
  readonly EventTime: number;
  readonly EventSource: string;
  readonly Resources: readonly { readonly ResourceName: string }[];
  readonly CloudTrailEvent: string;
}

interface Details {
  readonly userAgent: string;
  readonly requestParameters: {
    readonly QueueUrl?: string;
  };
}

/** The engine answers with so many events at most, and with no token. */
const PAGE = 50;

/** What AWS authorizes a batch of SQS as, where the engine wants an action of its own. */
export const BATCHES = {
  'sqs:SendMessageBatch': 'sqs:SendMessage',
  'sqs:DeleteMessageBatch': 'sqs:DeleteMessage',
  'sqs:ChangeMessageVisibilityBatch': 'sqs:ChangeMessageVisibility',
} as const;

/** What the engine finds no name for in a request. */
const UNNAMED: Readonly<Record<string, string>> = {
  'lambda:GET.lambda': 'lambda:ListEventSourceMappings',
  'lambda:PUT.lambda': 'lambda:UpdateEventSourceMapping',
  'lambda:Invoke': 'lambda:InvokeFunction',
  'cloudwatch:POST.monitoring': 'cloudwatch:PutMetricData',
};

/** What the controller controls, which is told by tags and not by names. */
const CONTROLLED: Readonly<Record<string, string>> = {
  'lambda:UpdateEventSourceMapping': 'event-source-mapping:',
  'lambda:InvokeFunction': 'function:',
};

const NAMES: ReadonlyMap<string, string> = new Map(Object.entries({ ...BATCHES, ...UNNAMED }));

/** Every call that named its application, since the engine was started. Refused calls are not recorded. */
export async function recordedCalls(api: SignedApi): Promise<RecordedCall[]> {
  const calls: RecordedCall[] = [];
  const seen = new Set<string>();
  for (let EndTime: number | undefined; ; ) {
    const { Events } = await api.json<{ readonly Events: readonly Event[] }>(
      'cloudtrail',
      'CloudTrail_20131101.LookupEvents',
      { MaxResults: PAGE, ...(EndTime !== undefined && { EndTime }) },
    );
    const fresh = Events.filter(({ EventId }) => !seen.has(EventId));
    if (fresh.length === 0) return calls;
    for (const event of fresh) {
      seen.add(event.EventId);
      calls.push(...callsOf(event));
    }
    // The newest come first; the end of a page may be cut between two of the same moment.
    EndTime = fresh.at(-1)?.EventTime;
  }
}

function callsOf({ EventName, EventSource, Resources, CloudTrailEvent }: Event): RecordedCall[] {
  const { userAgent, requestParameters: input } = JSON.parse(CloudTrailEvent) as Details;
  // Powertools adds its own name to the application's.
  const by = /\bapp\/(\S+?)(?:-PT-\S*)?(?:\s|$)/.exec(userAgent)?.[1];
  if (!by) return [];
  const service = EventSource.replace('.amazonaws.com', '').replace('monitoring', 'cloudwatch');
  const names = Resources.map(({ ResourceName }) => ResourceName);
  const rows = service === 'dynamodb' ? rowActionsOf(EventName, input) : [];
  if (rows.length > 0) {
    return rows.map(({ action, table, keys }) => ({ by, action, resource: `table/${table}`, keys }));
  }
  const action = NAMES.get(`${service}:${EventName}`) ?? `${service}:${EventName}`;
  const resource = {
    dynamodb: `table/${names[0]}`,
    sqs: input.QueueUrl?.split('/').at(-1) ?? '',
    kinesis: `stream/${names[0]}`,
    s3: names.join('/'),
    lambda: CONTROLLED[action],
  }[service];
  return [{ by, action, resource: resource ?? '' }];
}

/** Whether a call needed a grant. */
export function needed({ action, resource, keys = [] }: RecordedCall, grant: Grant): boolean {
  if (action !== grant.action || !allows(grant.condition, keys)) return false;
  if (grant.resource === '*') return true;
  const name = grant.resource.split(':').slice(5).join(':');
  return name.endsWith('*') ? resource.startsWith(name.slice(0, -1)) : resource === name;
}
