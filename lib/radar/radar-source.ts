import type { TracedMessage } from '../trace/traced-message.ts';
import type { BucketDetail } from './bucket-detail.ts';
import type { Hour } from './calendar.ts';
import type { Latency } from './latency.ts';
import type { RadarMap } from './radar-map.ts';

/** What the radar's pages are made of. */
export interface RadarSource {
  /** The ledger's table name. */
  readonly ledger: string;
  /** The counts as they are now; while somebody watches, as of the last refresh. */
  map(days: number): Promise<RadarMap>;
  /** @throws UnknownBusinessLine when there is no such line */
  bucket(businessLine: string, hour: Hour): Promise<BucketDetail>;
  latency(businessLine: string, hour: Hour): Promise<Latency>;
  /** @throws MalformedMessage, UnknownMessage */
  trace(id: string): Promise<TracedMessage>;
  /** @throws MalformedMessage, UnknownMessage, MessageExpired, SendFailed, NotExpected */
  redrive(id: string, subscriber: string): Promise<void>;
  /** Calls the listener whenever the map has changed, and keeps the map up to date until it is released. */
  subscribe(listener: () => void): () => void;
}
