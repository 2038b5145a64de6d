import { type EmittedResource, pathOf } from './emitted.ts';
import { tableOf } from './event-source.ts';
import type { Pipeline, Rule } from './rule.ts';

export const ledgerReaders: Rule = {
  id: 'ledger-readers',
  refuses: "more than two readers of a ledger's stream, and a second one where the table has replicas",
  because: 'DynamoDB throttles further readers of a shard, the relay among them.',
  source: 'https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html',
  mend: 'Let what needs the messages subscribe to a channel instead of reading the stream.',
  unknown: 'readers in other apps',

  *check(pipeline) {
    const { graph, emitted } = pipeline;
    for (const { ledger } of graph.ledgers) {
      const table = emitted.of(ledger.table);
      if (!table) continue;
      const readers = readersOf(table, pipeline).map(({ construct }) => `'${pathOf(construct)}'`);
      const replicas = table.properties.Replicas;
      const most = Array.isArray(replicas) && replicas.length > 1 ? 1 : 2;
      if (readers.length <= most) continue;
      const found = `The ledger's stream has ${readers.length} readers, of at most ${most}: ${readers.join(', ')}`;
      yield { at: ledger, found };
    }
  },
};

/** What reads a stream of DynamoDB, and the property that names the stream. */
const READERS = {
  'AWS::Lambda::EventSourceMapping': 'EventSourceArn',
  'AWS::Pipes::Pipe': 'Source',
} as const;

function readersOf(table: EmittedResource, { emitted }: Pipeline): EmittedResource[] {
  return Object.entries(READERS).flatMap(([type, property]) =>
    emitted.ofType(type).filter((reader) => tableOf(emitted, reader, reader.properties[property]) === table),
  );
}
