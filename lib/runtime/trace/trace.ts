import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import {
  decodeEnvelope,
  type EndState,
  type Envelope,
  type InboxRow,
  isMessageId,
  keyShard,
  MalformedMessage,
  minuteOf,
  outboxKey,
  outboxPartition,
  type Route,
  UnknownMessage,
} from '../../contract/index.ts';
import { concurrently } from '../concurrently.ts';
import type { Environment } from '../environment.ts';
import { toItem } from '../expression.ts';
import { readInbox } from '../inbox.ts';
import { type Graph, readGraph } from '../reconcile/graph.ts';
import { type Finding, type Hop, Inspection, type InspectionOptions } from '../reconcile/inspection.ts';
import { rowsOf } from '../reconcile/partition.ts';

/** A message and everything that came of it. */
export interface TracedMessage {
  readonly id: string;
  readonly type: string;
  readonly businessLine: string;
  readonly key: string;
  /** When it was committed, in milliseconds since the epoch. */
  readonly committed: number;
  /** W3C trace context: the trace under which X-Ray and OpenTelemetry show it. */
  readonly traceparent: string;
  /** Every subscriber that expects it, by name. */
  readonly subscribers: readonly TracedDelivery[];
}

/** What became of a message at one subscriber. */
export interface TracedDelivery {
  readonly subscriber: string;
  /** How it ended; or `inFlight` within its deadline, `late` behind others, `scheduled` for its next attempt, `missing`. */
  readonly state: EndState | 'inFlight' | 'late' | 'scheduled' | 'missing';
  /** When the relay had sent it, in milliseconds since the epoch, if anything says so. */
  readonly relayed?: number;
  readonly received?: number;
  readonly ended?: number;
  /** Deliveries until it ended. */
  readonly attempts?: number;
  /** The function and the request that ended it. */
  readonly function?: string;
  readonly request?: string;
  /** Of a `dead` message: why. */
  readonly reason?: string;
  /** Of a `missing` message: where it stopped, and what says so. */
  readonly hop?: Hop;
  readonly evidence?: string;
  /** Milliseconds since its deadline, where it has not ended in time. */
  readonly overdueMs?: number;
  /** The messages that its handling published. */
  readonly published: readonly TracedMessage[];
}

/** A generation is published by the one before: a chain longer than this is a circle. */
const GENERATIONS = 64;
const READS_AT_ONCE = 8;
const MINUTE = 60_000;

/**
 * Follows a message from the root of its chain: every hop of every message that came of it, from the rows that the hops
 * wrote anyway.
 *
 * @throws MalformedMessage when it is no message id
 * @throws UnknownMessage when no such message was committed to the ledger, or its rows have been cleaned up
 */
export async function trace(environment: Environment, options: InspectionOptions, id: string): Promise<TracedMessage> {
  if (!isMessageId(id)) throw new MalformedMessage(`'${String(id).slice(0, 64)}' is not a message id`);
  const envelope = await readEnvelope(environment, options.ledger, id);
  if (!envelope) throw new UnknownMessage(`No message '${id}' was committed to the ledger '${options.ledger}'`);
  const root = await readEnvelope(environment, options.ledger, envelope.correlationid);
  return (await tracerOf(environment, options)).message(root ?? envelope);
}

/**
 * Follows every chain in which a message of a business key was committed since a moment: one query a minute, because the
 * key's hash gives the shard. Oldest first; empty when there is none.
 *
 * @param since milliseconds since the epoch
 */
export async function traceKey(
  environment: Environment,
  options: InspectionOptions,
  key: string,
  since: number,
): Promise<TracedMessage[]> {
  const partitions: string[] = [];
  for (let time = since - (since % MINUTE); time <= environment.now() + MINUTE; time += MINUTE) {
    for (const shard of shardsOf(key, options.shards)) partitions.push(outboxPartition(minuteOf(time), shard));
  }
  const rows = await concurrently(READS_AT_ONCE, partitions, (pk) => rowsOf(environment, options.ledger, pk));
  const envelopes = rows.flat().flatMap(({ envelope }) => {
    const read = envelope?.S?.includes(JSON.stringify(key)) ? decodeIfValid(envelope.S) : undefined;
    return read?.partitionkey === key ? [read] : [];
  });
  const roots = new Map<string, Envelope>();
  for (const envelope of envelopes.sort((one, other) => (one.id < other.id ? -1 : 1))) {
    if (!roots.has(envelope.correlationid)) roots.set(envelope.correlationid, envelope);
  }
  const tracer = await tracerOf(environment, options);
  return concurrently(READS_AT_ONCE, [...roots], async ([id, envelope]) => {
    const root = await readEnvelope(environment, options.ledger, id);
    return tracer.message(root ?? envelope);
  });
}

async function tracerOf(environment: Environment, options: InspectionOptions): Promise<Tracer> {
  return new Tracer(environment, options, await readGraph(environment, options.ledger));
}

class Tracer {
  readonly #environment: Environment;
  readonly #ledger: string;
  readonly #graph: Graph;
  readonly #inspection: Inspection;

  constructor(environment: Environment, options: InspectionOptions, graph: Graph) {
    this.#environment = environment;
    this.#ledger = options.ledger;
    this.#graph = graph;
    this.#inspection = new Inspection(environment, options);
  }

  async message(envelope: Envelope, generation = 0): Promise<TracedMessage> {
    const routes = this.#graph.expectedOf(envelope.id, envelope.type);
    return {
      id: envelope.id,
      type: envelope.type,
      businessLine: envelope.businessline,
      key: envelope.partitionkey,
      committed: Date.parse(envelope.time),
      traceparent: envelope.traceparent,
      subscribers: await concurrently(READS_AT_ONCE, byName(routes), (route) =>
        this.#delivery(envelope, route, generation),
      ),
    };
  }

  async #delivery(envelope: Envelope, route: Route, generation: number): Promise<TracedDelivery> {
    const row = await readInbox(this.#environment, this.#ledger, route.subscriber, envelope.id);
    return row ? this.#ended(route, row, generation) : this.#open(envelope, route);
  }

  async #ended({ subscriber }: Route, row: InboxRow, generation: number): Promise<TracedDelivery> {
    const { state, hops, attempts, reason, published = [], ended } = row;
    return {
      subscriber,
      state,
      ...(hops.relayed !== undefined && { relayed: hops.relayed }),
      received: hops.received,
      ended: hops.ended,
      attempts,
      function: ended.function,
      request: ended.request,
      ...(reason && { reason }),
      published: generation < GENERATIONS ? await this.#messages(published, generation + 1) : [],
    };
  }

  async #messages(ids: readonly string[], generation: number): Promise<TracedMessage[]> {
    const messages = await concurrently(READS_AT_ONCE, ids, async (id) => {
      const envelope = await readEnvelope(this.#environment, this.#ledger, id);
      return envelope && this.message(envelope, generation);
    });
    return messages.filter((message) => message !== undefined);
  }

  async #open(envelope: Envelope, route: Route): Promise<TracedDelivery> {
    const { subscriber, deadline } = route;
    const due = Date.parse(envelope.time) + deadline;
    const now = this.#environment.now();
    const sent = await this.#inspection.sentAt(envelope.id, route);
    const delivery = { subscriber, ...(sent !== undefined && { relayed: sent }), published: [] };
    if (now < due) return { ...delivery, state: 'inFlight' };
    const finding = await this.#inspection.inspect({ id: envelope.id, route, due });
    return { ...delivery, ...openState(finding), overdueMs: now - due };
  }
}

/** A suspect that has ended between two reads is shown as it was at the first. */
function openState(finding: Finding): Pick<TracedDelivery, 'state' | 'hop' | 'evidence'> {
  if (finding.kind === 'missing') return { state: 'missing', hop: finding.hop, evidence: finding.evidence };
  return { state: finding.kind === 'ended' ? 'inFlight' : finding.kind };
}

/** The shards that may hold a key's messages: those of every number of shards that the ledger may have had. */
function shardsOf(key: string, shards: number): number[] {
  const counts = Array.from({ length: Math.log2(shards) + 1 }, (_, power) => 2 ** power);
  return [...new Set(counts.map((count) => keyShard(key, count)))];
}

async function readEnvelope(environment: Environment, ledger: string, id: string): Promise<Envelope | undefined> {
  const reply = await environment.dynamodb.send(
    new GetItemCommand({
      TableName: ledger,
      Key: toItem(outboxKey(id)),
      ConsistentRead: true,
      ReturnConsumedCapacity: 'TOTAL',
    }),
  );
  return reply.Item && decodeIfValid(reply.Item.envelope?.S ?? '');
}

function decodeIfValid(text: string): Envelope | undefined {
  try {
    return decodeEnvelope(text);
  } catch {
    return undefined;
  }
}

function byName(routes: readonly Route[]): Route[] {
  return [...routes].sort((one, other) => (one.subscriber < other.subscriber ? -1 : 1));
}
