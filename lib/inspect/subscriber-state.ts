import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { concurrently } from '../aws/concurrently.ts';
import { errorCode } from '../aws/errors.ts';
import { minuteOf } from '../contract/timestamp.ts';
import { pausedBy, readCircuit } from '../ledger/circuit.ts';
import { readHighWater, receivable } from '../ledger/high-water.ts';
import { type Ledger, queryPage } from '../ledger/ledger.ts';
import { inboxPartition } from '../ledger/rows/inbox.ts';
import { ownQueueUrl, type Route } from '../ledger/rows/route.ts';

/** An event source of a subscriber's function, as Lambda describes it. */
export interface EventSource {
  /** `Enabled`, `Disabled`, `Enabling` … */
  readonly state: string;
}

/**
 * Asks Lambda for the event sources that read a queue.
 * @see https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html
 */
export type ListEventSources = (queueArn: string) => Promise<readonly EventSource[]>;

/** What is known of a subscriber at one moment. */
export interface SubscriberState {
  /**
   * Messages in its own queue that are waiting or in flight, as far as SQS counts them. In a stream subscriber's retry
   * queue also those with a delay, which failed; in another's queue those are not due.
   */
  readonly queued: number;
  /** Milliseconds for which a received message is hidden. */
  readonly visibilityTimeout: number;
  /** Why its queue or its event source cannot be told about, where Lambda or SQS does not say. Then the rest is a guess. */
  readonly unreadable: string | undefined;
  /** Where its circuit is not closed: `paused: `, since when and why. Nothing is missing there, and nothing is sent. */
  readonly paused: string | undefined;
  /** Why nothing reads its queue, if nothing does. */
  readonly stopped: string | undefined;
  /** When the newest of what it has ended could be received first, in milliseconds since the epoch. */
  readonly newestEnded: number;
}

const RECENT_MINUTES = 3;
const READS_AT_ONCE = 16;

/**
 * Looks at a subscriber: its queue, its event source, and how far it has come.
 *
 * @param listEventSources without it, nothing is known of the event source
 */
export async function readSubscriberState(
  ledger: Ledger,
  { subscriber, destination }: Pick<Route, 'subscriber' | 'destination'>,
  listEventSources: ListEventSources | undefined,
): Promise<SubscriberState> {
  const url = ownQueueUrl(destination);
  const attributes = await unlessRefused('its queue cannot be read', () => attributesOf(ledger, url));
  const { QueueArn = '', ...counted } = attributes.read ?? {};
  const sources = await unlessRefused('its event sources cannot be listed', async () => listEventSources?.(QueueArn));
  const queued =
    Number(counted.ApproximateNumberOfMessages ?? 0) +
    Number(counted.ApproximateNumberOfMessagesNotVisible ?? 0) +
    (destination.kind === 'stream' ? Number(counted.ApproximateNumberOfMessagesDelayed ?? 0) : 0);
  return {
    unreadable: attributes.refused ?? sources.refused,
    queued,
    visibilityTimeout: Number(counted.VisibilityTimeout ?? 30) * 1000,
    paused: pausedBy(await readCircuit(ledger, subscriber)),
    stopped: stoppedBy(sources.read),
    newestEnded: Math.max(await newestEnded(ledger, subscriber), await readHighWater(ledger, subscriber)),
  };
}

async function attributesOf({ environment }: Ledger, url: string): Promise<Readonly<Record<string, string>>> {
  const { Attributes = {} } = await environment.sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl: url,
      AttributeNames: [
        'QueueArn',
        'VisibilityTimeout',
        'ApproximateNumberOfMessages',
        'ApproximateNumberOfMessagesNotVisible',
        'ApproximateNumberOfMessagesDelayed',
      ],
    }),
  );
  return Attributes;
}

/** What was read, or what kept it from being read and the error's code. */
async function unlessRefused<Read>(
  what: string,
  read: () => Promise<Read>,
): Promise<{ readonly read?: Read; readonly refused?: string }> {
  try {
    return { read: await read() };
  } catch (error) {
    return { refused: `${what} (${errorCode(error)})` };
  }
}

function stoppedBy(sources: readonly EventSource[] | undefined): string | undefined {
  if (!sources) return undefined;
  if (sources.length === 0) return 'no event source reads its queue';
  const enabled = sources.some(({ state }) => state !== 'Disabled' && state !== 'Disabling');
  return enabled ? undefined : 'its event source is disabled';
}

async function newestEnded(ledger: Ledger, subscriber: string): Promise<number> {
  const { environment, shards } = ledger;
  const now = environment.now();
  const partitions = Array.from({ length: RECENT_MINUTES * shards }, (_, index) => {
    const minute = minuteOf(now - Math.floor(index / shards) * 60_000);
    return inboxPartition(subscriber, minute, index % shards);
  });
  const relayed = await concurrently(READS_AT_ONCE, partitions, async (pk) => {
    const { Items } = await queryPage(ledger, pk, { ScanIndexForward: false, Limit: 1 });
    const hops = Items?.[0]?.hops?.M;
    const at = (hop: AttributeValue | undefined) => (hop?.N === undefined ? undefined : Number(hop.N));
    return receivable({ relayed: at(hops?.relayed), due: at(hops?.due), ended: at(hops?.ended) ?? 0 });
  });
  return Math.max(0, ...relayed);
}
