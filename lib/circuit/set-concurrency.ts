import { readCircuit } from '../ledger/circuit.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { markApplied, readScale } from '../ledger/scale.ts';
import { isAtRest } from './at-rest.ts';
import { type ControlClients, eventSourcesOf, SourceBusy, switchSource } from './event-sources.ts';
import { setShards } from './set-shards.ts';

export interface SetConcurrencyOptions {
  readonly ledger: Ledger;
  readonly clients: ControlClients;
  readonly subscriber: string;
  /** The subscriber's own queue. */
  readonly queueUrl: string;
  /** The stream that it reads, if it reads one. */
  readonly streamName: string | undefined;
}

/** Lambda takes some seconds to carry a change of an event source out. */
const BUSY_SECONDS = 2;

/**
 * Sets a subscriber's event source to what its scaler wants, and then the shards of its stream. While its circuit is not at rest nothing is set: the scaler asks
 * again afterwards. The event source is never switched on or off here.
 *
 * @returns the seconds after which to try again, where Lambda is still busy with it
 */
export async function setConcurrency(options: SetConcurrencyOptions): Promise<number | undefined> {
  const { ledger, clients, subscriber, queueUrl, streamName } = options;
  const row = await readScale(ledger, subscriber);
  if (!row || (row.applied === row.concurrency && row.shards === row.shardsApplied)) return undefined;
  if (!isAtRest(await readCircuit(ledger, subscriber))) return undefined;
  const { sources = [] } = (await eventSourcesOf(clients, queueUrl)) ?? {};
  const own = sources.filter(({ kind }) => kind === (streamName === undefined ? 'queue' : 'stream'));
  try {
    for (const source of own) {
      const { concurrency } = row;
      if (source.concurrency !== concurrency) await switchSource(clients, source, { concurrency });
    }
  } catch (error) {
    if (error instanceof SourceBusy) return BUSY_SECONDS;
    throw error;
  }
  if (own.length > 0) await markApplied(ledger, subscriber, row);
  return streamName === undefined ? undefined : setShards(ledger, subscriber, streamName, row);
}
