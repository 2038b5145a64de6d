import { randomBytes } from 'node:crypto';
import type { KinesisClient } from '@aws-sdk/client-kinesis';
import type { Sender } from '../../aws/environment.ts';
import { tellDiscarded } from './failure-destination.ts';
import { KinesisReader } from './kinesis-reader.ts';
import { nameOf, type StreamMapping, type TableMapping } from './mapping.ts';
import type { PollerOptions } from './poller-options.ts';
import { StreamSource } from './stream-source.ts';
import { TableStreamReader } from './table-stream-reader.ts';

const defaultRetryDelay = (failures: number): number => Math.min(10_000, 100 * 2 ** failures);

export type StreamOptions = PollerOptions & Required<Pick<PollerOptions, 'clock' | 'region' | 'observer'>>;

/** The event source of a stream, with its reader and its failure destination. */
export function openStream(mapping: StreamMapping | TableMapping, options: StreamOptions): StreamSource {
  const { clients, clock, region, observer, random = randomBytes, retryDelay = defaultRetryDelay } = options;
  const reader =
    mapping.kind === 'table'
      ? new TableStreamReader(clients.tableStreams, mapping.streamArn)
      : new KinesisReader({ send: lazily(clients.kinesis) }, mapping.streamName, region);
  const destination = mapping.onFailure;
  return new StreamSource({
    mapping,
    reader,
    clock,
    observer,
    retryDelay,
    discard: async (batch) => {
      if (!destination) return;
      const source = nameOf(mapping);
      await tellDiscarded(batch, { destination, source, reader, sqs: clients.sqs, s3: clients.s3, random });
    },
  });
}

/** A client that is loaded when it first sends. */
function lazily(load: () => Promise<Sender<KinesisClient>>): KinesisClient['send'] {
  const send = async (command: never): Promise<unknown> => (await load()).send(command);
  return send as KinesisClient['send'];
}
