import { unmarshall } from '@aws-sdk/util-dynamodb';
import { concurrently } from '../aws/concurrently.ts';
import { SAGA_EVENTS } from '../contract/saga-settings.ts';
import { STEP_COMMANDS, type UndoCommand } from '../contract/step.ts';
import { deadlineOf, type Finding, Inspection, type InspectionOptions } from '../inspect/inspection.ts';
import { effectsOf } from '../ledger/effect.ts';
import { type Graph, readGraph } from '../ledger/graph.ts';
import { readInbox } from '../ledger/inbox.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { rowsOf } from '../ledger/partition.ts';
import type { InboxRow } from '../ledger/rows/inbox.ts';
import { isOwed, type Route } from '../ledger/rows/route.ts';
import { type SagaStepRow, sagaPartition, stepEffectsId } from '../ledger/rows/saga.ts';
import type { Envelope } from '../message/envelope.ts';
import { type Committed, readMessage } from './committed-message.ts';
import type { TracedDelivery, TracedEffect, TracedMessage } from './traced-message.ts';

/** A generation is published by the one before: a chain longer than this is a circle. */
const GENERATIONS = 64;
const READS_AT_ONCE = 8;

/** Whoever follows messages of a ledger, by the routes that it has now. */
export async function tracerOf(ledger: Ledger, { listEventSources }: InspectionOptions): Promise<Tracer> {
  return new Tracer(ledger, await readGraph(ledger), new Inspection(ledger, listEventSources));
}

/** Follows messages that have been read, to the subscribers of each and to what they published. */
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

function dueTime({ deliverat }: Pick<Envelope, 'deliverat'>): number | undefined {
  return deliverat === undefined ? undefined : Date.parse(deliverat);
}

function byName(routes: readonly Route[]): Route[] {
  return [...routes].sort((one, other) => (one.subscriber < other.subscriber ? -1 : 1));
}
