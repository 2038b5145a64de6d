import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import type { Sender } from '../aws/environment.ts';
import { type ControlClients, eventSourcesOf } from '../circuit/event-sources.ts';
import { MINUTE_MS } from '../contract/time.ts';
import type { Destination } from '../ledger/rows/route.ts';
import type { Reading } from './decide.ts';

type StreamDestination = Extract<Destination, { readonly kind: 'stream' }>;

/** Readings of streams, once a minute. It remembers which function reads which stream for as long as its process lives. */
export class StreamReadings {
  readonly #cloudwatch: () => Promise<Sender<CloudWatchClient>>;
  readonly #functions = new Map<string, string>();
  readonly #readAt = new Map<string, number>();

  constructor(cloudwatch: () => Promise<Sender<CloudWatchClient>>) {
    this.#cloudwatch = cloudwatch;
  }

  /** How much waits for a subscriber; `undefined` where that is not known, or was read in this minute already. */
  async read(clients: ControlClients, of: StreamDestination, subscriber: string): Promise<Reading | undefined> {
    const now = clients.environment.now();
    // A schedule is seldom late by seconds, and never early.
    if (now < (this.#readAt.get(subscriber) ?? Number.NEGATIVE_INFINITY) + MINUTE_MS / 2) return undefined;
    this.#readAt.set(subscriber, now);
    const functionName = this.#functions.get(subscriber) ?? (await functionOf(clients, of.retryQueueUrl));
    if (functionName === undefined) return undefined;
    this.#functions.set(subscriber, functionName);
    const { readStream } = await import('./stream-reading.ts');
    return readStream(await this.#cloudwatch(), { functionName, streamName: of.name }, now);
  }
}

/** The name of the function that reads a subscriber's queue, and so its stream. */
async function functionOf(clients: ControlClients, queueUrl: string): Promise<string | undefined> {
  const { functionArn } = (await eventSourcesOf(clients, queueUrl)) ?? {};
  return functionArn?.split(':')[6];
}
