import { unmarshall } from '@aws-sdk/util-dynamodb';
import { concurrently } from '../aws/concurrently.ts';
import type { Environment } from '../aws/environment.ts';
import { MalformedMessage, UnknownMessage } from '../contract/errors.ts';
import { SAGA_EVENTS } from '../contract/saga-settings.ts';
import { STEP_COMMANDS, type UndoCommand } from '../contract/step.ts';
import { MINUTE_MS } from '../contract/time.ts';
import { deadlineOf, type Finding, type Hop, Inspection, type InspectionOptions } from '../inspect/inspection.ts';
import { effectsOf } from '../ledger/effect.ts';
import { type Graph, readGraph } from '../ledger/graph.ts';
import { readInbox } from '../ledger/inbox.ts';
import { type Ledger, ledgerOf } from '../ledger/ledger.ts';
import { rowsOf } from '../ledger/partition.ts';
import type { EndState, InboxRow } from '../ledger/rows/inbox.ts';
import { minuteOf } from '../ledger/rows/layout.ts';
import { outboxPartition } from '../ledger/rows/outbox.ts';
import { isOwed, type Route } from '../ledger/rows/route.ts';
import { type SagaStepRow, sagaPartition, stepEffectsId } from '../ledger/rows/saga.ts';
import { withEveryShard } from '../ledger/shards.ts';
import type { Envelope } from '../message/envelope.ts';
import { isMessageId, keyShard } from '../message/message-id.ts';
import { type Committed, messageIn, readMessage } from './committed-message.ts';

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
  /** Of a delayed message: when it is to be delivered, in milliseconds since the epoch. */
  readonly due?: number;
  /** Of a message that its producer sends itself: whether it came to. */
  readonly handshake?: 'pending' | 'sent';
  /** Of a message that was cancelled: when, in milliseconds since the epoch. */
  readonly cancelled?: number;
  /** Of a message that was rescheduled: the message in its place. */
  readonly replacedBy?: TracedMessage;
  /** Every subscriber that expects it, by name. */
  readonly subscribers: readonly TracedDelivery[];
}

/** What became of a message at one subscriber. */
export interface TracedDelivery {
  readonly subscriber: string;
  /**
   * How it ended; or `inFlight` within its deadline, `late` behind others, `scheduled` for its moment or its next attempt,
   * `missing`; or `unjudged`, where what would tell could not be read.
   */
  readonly state: EndState | 'inFlight' | 'late' | 'scheduled' | 'missing' | 'unjudged';
  /** Of a `scheduled` message that waits for its moment: when that is, in milliseconds since the epoch. */
  readonly due?: number;
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
  /** Of a `dead` message: what the error said, its class included, and the first frame of its handler's. */
  readonly detail?: string;
  readonly at?: string;
  /** When its handler used its transaction though it had returned, in milliseconds since the epoch: that had no effect. */
  readonly late?: number;
  /**
   * Of a `missing` message: where it stopped, and what says so; of a `late` one, where it waits. `evidence` also of one that nothing has put to wait, that is
   * `unjudged`, or whose last attempt has failed.
   */
  readonly hop?: Hop;
  readonly evidence?: string;
  /** Milliseconds since its deadline, where it has not ended in time. */
  readonly overdueMs?: number;
  /** Its effects on services outside, in the order in which they began; empty where it has not ended, and none has begun. */
  readonly effects?: readonly TracedEffect[];
  /** The messages that its handling published. */
  readonly published: readonly TracedMessage[];
}

/** An effect on a service outside. */
export interface TracedEffect {
  /** `<name>`, or `<name>/<part>` where the message has several of the name. */
  readonly name: string;
  /** `unknown`: whoever ran it can run no more, and has not said how it ended. */
  readonly state: 'running' | 'done' | 'unknown';
  /** When its first run began, in milliseconds since the epoch. */
  readonly since: number;
}

/** A generation is published by the one before: a chain longer than this is a circle. */
const GENERATIONS = 64;
const READS_AT_ONCE = 8;

/**
 * Follows a message from the root of its chain: every hop of every message that came of it, from the rows that the hops
 * wrote anyway.
 *
 * @throws MalformedMessage when it is no message id
 * @throws UnknownMessage when no such message was committed to the ledger, or its rows have been cleaned up
 */
export async function trace(environment: Environment, options: InspectionOptions, id: string): Promise<TracedMessage> {
  if (!isMessageId(id)) throw new MalformedMessage(`'${String(id).slice(0, 64)}' is not a message id`);
  const ledger = await withEveryShard(ledgerOf(environment, options));
  const message = await readMessage(ledger, id);
  if (!message) throw new UnknownMessage(`No message '${id}' was committed to the ledger '${options.ledger}'`);
  const root = await readMessage(ledger, message.envelope.correlationid);
  return (await tracerOf(ledger, options)).message(root ?? message);
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
  const ledger = await withEveryShard(ledgerOf(environment, options));
  const partitions: string[] = [];
  for (let time = since - (since % MINUTE_MS); time <= environment.now() + MINUTE_MS; time += MINUTE_MS) {
    for (const shard of shardsOf(key, ledger.shards)) partitions.push(outboxPartition(minuteOf(time), shard));
  }
  const rows = await concurrently(READS_AT_ONCE, partitions, (pk) => rowsOf(ledger, pk));
  const messages = rows.flat().flatMap((item) => {
    const mayBe = item.key ? item.key.S === key : item.envelope?.S?.includes(JSON.stringify(key));
    const read = mayBe ? messageIn(ledger, item) : undefined;
    return read?.envelope.partitionkey === key ? [read] : [];
  });
  const roots = new Map<string, Committed>();
  for (const message of messages.sort((one, other) => (one.envelope.id < other.envelope.id ? -1 : 1))) {
    const { correlationid } = message.envelope;
    if (!roots.has(correlationid)) roots.set(correlationid, message);
  }
  const tracer = await tracerOf(ledger, options);
  return concurrently(READS_AT_ONCE, [...roots], async ([id, message]) => {
    const root = await readMessage(ledger, id);
    return tracer.message(root ?? message);
  });
}

async function tracerOf(ledger: Ledger, { listEventSources }: InspectionOptions): Promise<Tracer> {
  return new Tracer(ledger, await readGraph(ledger), new Inspection(ledger, listEventSources));
}

class Tracer {
  readonly #ledger: Ledger;
  readonly #graph: Graph;
  readonly #inspection: Inspection;

  constructor(ledger: Ledger, graph: Graph, inspection: Inspection) {
    this.#ledger = ledger;
    this.#graph = graph;
    this.#inspection = inspection;
  }

  async message({ envelope, row }: Committed, generation = 0): Promise<TracedMessage> {
    const routes = await this.#owedOf(envelope);
    const { sending, cancelled, replacedBy } = row;
    const [replacement] =
      replacedBy && generation < GENERATIONS ? await this.#messages([replacedBy], generation + 1) : [];
    const due = dueTime(envelope);
    return {
      id: envelope.id,
      type: envelope.type,
      businessLine: envelope.businessline,
      key: envelope.partitionkey,
      committed: Date.parse(envelope.time),
      traceparent: envelope.traceparent,
      ...(due !== undefined && { due }),
      ...(sending && { handshake: sending }),
      ...(cancelled !== undefined && { cancelled }),
      ...(replacement && { replacedBy: replacement }),
      subscribers: await concurrently(READS_AT_ONCE, byName(routes), (route) =>
        this.#delivery(envelope, route, generation),
      ),
    };
  }

  /** Who is to handle it: what is adopted, not before the former subscriber's inbox says that it never will. */
  async #owedOf({ id, type }: Envelope): Promise<readonly Route[]> {
    const routes = this.#graph.expectedOf(id, type);
    const formers = [...new Set(routes.flatMap(({ adoptedFrom }) => adoptedFrom ?? []))];
    const rows = await concurrently(READS_AT_ONCE, formers, (former) => readInbox(this.#ledger, former, id));
    return routes.filter((route) => isOwed(route, (former) => rows[formers.indexOf(former)]?.state));
  }

  async #delivery(envelope: Envelope, route: Route, generation: number): Promise<TracedDelivery> {
    const row = await readInbox(this.#ledger, route.subscriber, envelope.id);
    const delivery = row ? await this.#ended(route, row, generation) : await this.#open(envelope, route);
    const effects = route.effects ? await this.#effects(route, envelope) : [];
    // Of what has not ended, none says that it is still before them.
    return { ...delivery, ...((effects.length > 0 || (route.effects && !row)) && { effects }) };
  }

  async #effects({ subscriber }: Route, envelope: Envelope): Promise<TracedEffect[]> {
    const now = this.#ledger.environment.now();
    const found = await effectsOf(this.#ledger, subscriber, effectsIdOf(envelope));
    return found.map(({ name, state: { state, since, until } }) => ({
      name,
      state: state === 'running' && now > until ? 'unknown' : state,
      since,
    }));
  }

  async #ended({ subscriber }: Route, row: InboxRow, generation: number): Promise<TracedDelivery> {
    const { state, hops, attempts, reason, detail, at, late, published = [], ended } = row;
    return {
      subscriber,
      state,
      ...(hops.relayed !== undefined && { relayed: hops.relayed }),
      // What was cancelled or abandoned was received by nobody.
      ...(state !== 'cancelled' && state !== 'abandoned' && { received: hops.received, attempts }),
      ended: hops.ended,
      function: ended.function,
      ...(ended.request && { request: ended.request }),
      ...(reason && { reason }),
      ...(detail && { detail }),
      ...(at && { at }),
      ...(late !== undefined && { late }),
      published:
        generation < GENERATIONS
          ? await this.#messages([...published, ...(await this.#commandsOf(row))], generation + 1)
          : [],
    };
  }

  /** The messages of a saga's state machine: what started it is followed by the commands that its steps have taken up, and its end. */
  async #commandsOf({ type, sk, state }: InboxRow): Promise<string[]> {
    if (state !== 'handled' || !type.startsWith(SAGA_EVENTS)) return [];
    const rows = (await rowsOf(this.#ledger, sagaPartition(sk))).map(
      (item) => unmarshall(item) as Partial<SagaStepRow>,
    );
    const ids = rows.flatMap(({ message, undoing }) => [message, undoing]);
    return [...new Set(ids.filter((id) => id !== undefined))].sort();
  }

  async #messages(ids: readonly string[], generation: number): Promise<TracedMessage[]> {
    const messages = await concurrently(READS_AT_ONCE, ids, async (id) => {
      const message = await readMessage(this.#ledger, id);
      return message && this.message(message, generation);
    });
    return messages.filter((message) => message !== undefined);
  }

  async #open({ id, ...envelope }: Envelope, route: Route): Promise<TracedDelivery> {
    const message = { id, deliverAt: dueTime(envelope) };
    const deadlineAt = deadlineOf(message, route);
    const now = this.#ledger.environment.now();
    const sent = await this.#inspection.sentAt(message, route);
    const { subscriber } = route;
    const delivery = { subscriber, ...(sent !== undefined && { relayed: sent }), published: [] };
    const waits = message.deliverAt !== undefined && now < message.deliverAt;
    if (!waits && now < deadlineAt) return { ...delivery, state: 'inFlight' };
    const finding = await this.#inspection.inspect({ ...message, route, deadlineAt });
    if (finding.kind === 'cancelled') return { ...delivery, state: 'cancelled' };
    if (!waits) return { ...delivery, ...openState(finding), overdueMs: now - deadlineAt };
    const evidence = 'evidence' in finding && { evidence: finding.evidence };
    return { ...delivery, state: 'scheduled', due: message.deliverAt, ...evidence };
  }
}

/** Whose the effects of a message are: those of a saga's step belong to its execution. */
function effectsIdOf({ id, type, data }: Envelope): string {
  if (!type.startsWith(STEP_COMMANDS)) return id;
  const { execution, step } = (data ?? {}) as Partial<UndoCommand>;
  if (typeof execution !== 'string' || typeof step !== 'string') return id;
  return stepEffectsId(execution, step, type.endsWith('.undo') ? 'undo' : 'run');
}

/** A suspect that has ended between two reads is shown as it was at the first. */
function openState(finding: Finding): Pick<TracedDelivery, 'state' | 'hop' | 'evidence'> {
  switch (finding.kind) {
    case 'missing':
      return { state: 'missing', hop: finding.hop, evidence: finding.evidence };
    case 'unjudged':
      return { state: 'unjudged', evidence: finding.evidence };
    case 'ended':
      return { state: 'inFlight' };
    case 'waiting':
      return { state: 'scheduled' };
    case 'scheduled':
      return { state: 'scheduled', evidence: finding.evidence };
    case 'late': {
      const { hop, evidence } = finding;
      return { state: 'late', ...(hop && { hop }), ...(evidence && { evidence }) };
    }
    default:
      return { state: finding.kind };
  }
}

/** The shards that may hold a key's messages: those of every number of shards that the ledger may have had. */
function shardsOf(key: string, shards: number): number[] {
  const counts = Array.from({ length: Math.log2(shards) + 1 }, (_, power) => 2 ** power);
  return [...new Set(counts.map((count) => keyShard(key, count)))];
}

function dueTime({ deliverat }: Pick<Envelope, 'deliverat'>): number | undefined {
  return deliverat === undefined ? undefined : Date.parse(deliverat);
}

function byName(routes: readonly Route[]): Route[] {
  return [...routes].sort((one, other) => (one.subscriber < other.subscriber ? -1 : 1));
}
