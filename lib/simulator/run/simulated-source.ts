import { HOUR_MS } from '../../contract/time.ts';
import { type EventSourceMapping, EventSourcePoller } from '../../testing/lambda/index.ts';
import { seededRandom } from '../../testing/seeded-random.ts';
import type { FunctionSource } from '../../testing/stack/function.ts';
import { faultyWire } from '../faults/request-wire.ts';
import type { LambdaFunction } from './lambda-function.ts';
import { LEDGER } from './ledger-row.ts';
import type { World } from './world.ts';

/** Milliseconds after which a source is asked again that had nothing. */
const INTERVAL_MS = 200;

/** Milliseconds for which a stream keeps a record: a table's always, that of Kinesis unless told otherwise. */
const RETENTION_MS = 24 * HOUR_MS;

/** Shards of the ledger's stream: two relays at once. */
const LEDGER_SHARDS = 2;

/** An event source of a function: the poller that works against real engines, on virtual time. */
export class SimulatedSource {
  readonly #world: World;
  readonly #actor: string;
  /** Of its mapping. */
  readonly #id: string;
  readonly #poller: EventSourcePoller;
  /**
   * The earliest moment at which there is something to receive, infinite where nothing is there, once the records of a
   * stream with these sequence numbers have been read.
   */
  readonly #waiting: (read: ReadonlySet<string>) => number;
  /** The sequence numbers of the records that have come. */
  readonly #read = new Set<string>();

  constructor(world: World, { name: actor, invoke }: LambdaFunction, source: FunctionSource, id: string) {
    this.#world = world;
    this.#actor = actor;
    this.#id = id;
    this.#waiting = waitingIn(world, source);
    const name = `the source of ${actor}`;
    const wire = faultyWire(world, { actor, name, alive: true, deliver: (run) => run(), crash: never });
    const { engines, schedule } = world;
    const kinesis = this.#counting(engines.kinesis.client(wire));
    this.#poller = new EventSourcePoller({
      mappings: [{ ...source, invoke } as EventSourceMapping],
      clients: {
        sqs: engines.sqs.client(wire),
        kinesis: async () => kinesis,
        s3: async () => engines.s3.client(wire),
        tableStreams: this.#counting(engines.dynamodb.streamsClient(wire, { shards: LEDGER_SHARDS })),
      },
      clock: { now: schedule.now, sleep: (milliseconds) => schedule.sleepForWork(milliseconds, () => this.nextWork()) },
      random: seededRandom(world.draw(`random of ${actor}'s source`, 2 ** 31)),
      interval: INTERVAL_MS,
      waitSeconds: 0,
      observer: {
        troubled: ({ source, step, error }) => {
          world.record.note(`${source} cannot ${step}: ${error instanceof Error ? error.name : 'refused'}`);
        },
        discarded: ({ source, records, condition }) => {
          world.record.note(`${source} discards ${records} records: ${condition}`);
        },
      },
    });
  }

  start(): void {
    this.#poller.start();
  }

  /** The earliest moment at which it would find something to do; infinite where it would not. */
  nextWork(): number {
    const { schedule, disabled, lambda } = this.#world;
    if (lambda && !lambda.isOn(this.#id)) return lambda.due;
    const unread = Math.max(this.#waiting(this.#read), disabled.get(this.#actor) ?? 0);
    return Math.max(schedule.now(), Math.min(this.#poller.due, unread));
  }

  /** Counts the records of a stream that have come, and leaves out what the stream does not keep any more. */
  #counting<Client extends { send(command: never): Promise<object> }>(client: Client): Client {
    const send = async (command: never): Promise<object> => {
      const reply = (await client.send(command)) as { readonly Records?: readonly StreamedRecord[] };
      if (!reply.Records) return reply;
      for (const { SequenceNumber, dynamodb } of reply.Records)
        this.#read.add(SequenceNumber ?? dynamodb?.SequenceNumber ?? '');
      const { schedule, horizons } = this.#world;
      const horizon = Math.max(schedule.now() - RETENTION_MS, horizons.get(this.#actor) ?? 0);
      return { ...reply, Records: reply.Records.filter((record) => arrivalOf(record) >= horizon) };
    };
    return { send } as Client;
  }
}

function waitingIn({ engines, schedule }: World, source: FunctionSource): (read: ReadonlySet<string>) => number {
  if (source.kind === 'queue') {
    const queue = engines.sqs.queue(source.queueUrl);
    return () => queue.nextVisible();
  }
  const { now } = schedule;
  if (source.kind === 'table') {
    const { changes } = engines.dynamodb.table(LEDGER);
    return (read) => (read.size < changes.length ? now() : Number.POSITIVE_INFINITY);
  }
  return (read) => {
    const records = engines.kinesis.records(source.streamName);
    const horizon = now() - RETENTION_MS;
    const isUnread =
      read.size < records.length &&
      records.some(({ sequenceNumber, arrivedAt }) => arrivedAt > horizon && !read.has(sequenceNumber));
    return isUnread ? now() : Number.POSITIVE_INFINITY;
  };
}

/** A record of a Kinesis stream or of a table's. */
interface StreamedRecord {
  readonly SequenceNumber?: string;
  readonly ApproximateArrivalTimestamp?: Date;
  readonly dynamodb?: { readonly SequenceNumber?: string; readonly ApproximateCreationDateTime?: number };
}

/** Milliseconds since the epoch. */
function arrivalOf({ ApproximateArrivalTimestamp, dynamodb }: StreamedRecord): number {
  return ApproximateArrivalTimestamp?.getTime() ?? Number(dynamodb?.ApproximateCreationDateTime ?? 0) * 1000;
}

function never(): void {
  throw new Error('An event source does not die');
}
