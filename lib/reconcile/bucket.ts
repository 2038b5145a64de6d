import { concurrently } from '../aws/concurrently.ts';
import { WAITS_FOR_PROVIDER } from '../contract/effect.ts';
import { deadlineOf, type Finding, type Inspection, type Suspect } from '../inspect/inspection.ts';
import type { Graph } from '../ledger/graph.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { readOutbox } from '../ledger/outbox.ts';
import type { EndState } from '../ledger/rows/inbox.ts';
import { isAdopted, isOwed, type Route } from '../ledger/rows/route.ts';
import type { Joined } from './join.ts';
import type { Committed, Ended } from './ledger-sets.ts';
import { type CopyState, Totals } from './totals.ts';

const INSPECTIONS_AT_ONCE = 16;
/** Messages that have not ended, or never began, in one part of a bucket: they are held in memory until they are judged. */
const HELD = 64;

type Message = Joined<Committed, Ended>;

/** A message that waits for its moment, and has not ended at a subscriber. */
export interface Waiting extends Committed {
  readonly deliverAt: number;
  readonly route: Route;
}

/** A message that has not ended at a subscriber. */
export interface Unended extends Committed {
  readonly route: Route;
  /** When it should have ended, in milliseconds since the epoch. */
  readonly deadlineAt: number;
  /** What was found, once that was past. */
  readonly finding?: Finding;
}

/** Some messages, judged. */
export interface Judged {
  readonly totals: Totals;
  /** Each message and subscriber at which it has not ended, but for those that wait for their moment. */
  readonly unended: readonly Unended[];
  /** Each message that waits for its moment and each subscriber of it. */
  readonly waiting: readonly Waiting[];
}

/** A message that may be missing somewhere. */
interface Doubtful {
  readonly committed: Committed;
  readonly states: readonly CopyState[];
  readonly suspects: readonly Suspect[];
}

/** Judges messages one by one. What is missing or uncaused at first sight is held until it has been looked at. */
export class Bucket {
  readonly #totals = new Totals();
  readonly #unended: Unended[] = [];
  readonly #waiting: Waiting[] = [];
  readonly #ledger: Ledger;
  readonly #graph: Graph;
  readonly #inspection: Inspection;
  readonly #doubtful: Doubtful[] = [];
  readonly #unknown: Message[] = [];

  constructor(ledger: Ledger, graph: Graph, inspection: Inspection) {
    this.#ledger = ledger;
    this.#graph = graph;
    this.#inspection = inspection;
  }

  take(message: Message): void {
    if (message.committed) this.#judgeCommitted(message, message.committed);
    else this.#unknown.push(message);
  }

  /** Whether it holds as much as it should. */
  get isFull(): boolean {
    const held = this.#doubtful.length + this.#unknown.length + this.#unended.length + this.#waiting.length;
    return held >= HELD;
  }

  /** Looks at what is in doubt, and says what has come of all that it took. To be asked once. */
  async judged(): Promise<Judged> {
    await concurrently(INSPECTIONS_AT_ONCE, this.#unknown, (message) => this.#settleUnknown(message));
    await concurrently(INSPECTIONS_AT_ONCE, this.#doubtful, (message) => this.#settleDoubtful(message));
    return { totals: this.#totals, unended: this.#unended, waiting: this.#waiting };
  }

  #judgeCommitted({ id, ends }: Message, committed: Committed): void {
    const { type, businessLine, deliverAt = 0 } = committed;
    const now = this.#ledger.environment.now();
    const states: CopyState[] = [];
    const suspects: Suspect[] = [];
    const endAt = (subscriber: string) => ends[this.#graph.subscribers.indexOf(subscriber)];
    const routes = this.#graph.expectedOf(id, type);
    for (const route of routes) {
      const end = endAt(route.subscriber);
      if (!end && !isOwed(route, (subscriber) => endAt(subscriber)?.state)) continue;
      // What is adopted counts where it is adopted.
      if (end?.state === 'abandoned' && isAdopted(route, routes)) continue;
      const deadlineAt = deadlineOf(committed, route);
      if (end) {
        if (end.due !== undefined) this.#inspection.ended.note(route.subscriber, end.due);
        states.push(endedAs(end.state));
        this.#totals.countCopy(end.state);
        if (end.state === 'abandoned') this.#totals.abandoned.push({ id, subscriber: route.subscriber });
        if (end.state === 'dead') this.#totals.dead.push({ id, subscriber: route.subscriber, ...end.death });
      } else if (now < deliverAt) {
        states.push('scheduled');
        this.#waiting.push({ ...committed, deliverAt, route });
      } else if (now < deadlineAt) {
        states.push('inFlight');
        this.#unended.push({ ...committed, route, deadlineAt });
      } else {
        suspects.push({ ...committed, route, deadlineAt });
      }
    }
    if (suspects.length > 0) this.#doubtful.push({ committed, states, suspects });
    else this.#totals.count(businessLine, states);
  }

  async #settleDoubtful({ committed, states, suspects }: Doubtful): Promise<void> {
    const { missing, unjudged, dead } = this.#totals;
    const now = this.#ledger.environment.now();
    const found = [...states];
    for (const { route, deadlineAt, ...suspect } of suspects) {
      const finding = await this.#inspection.inspect({ ...suspect, route, deadlineAt });
      found.push(stateOf(finding));
      if (finding.kind === 'ended') this.#totals.countCopy(finding.state);
      else if (finding.kind === 'cancelled' || finding.kind === 'late') this.#totals.countCopy(finding.kind);
      if (finding.kind === 'ended' && finding.state === 'dead')
        dead.push({ id: suspect.id, subscriber: route.subscriber });
      if (finding.kind !== 'ended') this.#unended.push({ ...committed, route, deadlineAt, finding });
      if (finding.kind === 'missing') {
        const { hop, evidence } = finding;
        missing.push({ id: suspect.id, subscriber: route.subscriber, hop, evidence, overdueMs: now - deadlineAt });
      } else if (finding.kind === 'unjudged') {
        const { evidence } = finding;
        unjudged.push({ id: suspect.id, subscriber: route.subscriber, evidence, overdueMs: now - deadlineAt });
      }
    }
    this.#totals.count(committed.businessLine, found);
  }

  /** It was committed meanwhile, or it never was. A row that DynamoDB may have begun to clean up says nothing. */
  async #settleUnknown({ id, ends }: Message): Promise<void> {
    const now = this.#ledger.environment.now();
    if (ends.every((end) => !end || isWithoutEffect(end) || end.expires <= now)) return;
    // The counts of a message that was committed meanwhile come with the next pass, which sees its row.
    if (await readOutbox(this.#ledger, id)) return;
    for (const [index, end] of ends.entries()) {
      if (!end || isWithoutEffect(end)) continue;
      this.#totals.uncaused.push({ id, subscriber: this.#graph.subscribers[index] ?? '' });
    }
  }
}

/** What was cancelled or abandoned has had no effect that wants a cause. */
function isWithoutEffect({ state }: Ended): boolean {
  return state === 'cancelled' || state === 'abandoned';
}

/** What was cancelled leaves as little to do as what was handled. */
function endedAs(state: EndState): CopyState {
  return state === 'dead' || state === 'abandoned' ? state : 'handled';
}

function stateOf(finding: Finding): CopyState {
  switch (finding.kind) {
    case 'ended':
      return endedAs(finding.state);
    case 'cancelled':
      return 'handled';
    case 'late':
      return 'inFlight';
    case 'waiting':
      return 'scheduled';
    case 'scheduled':
      return finding.evidence.startsWith(WAITS_FOR_PROVIDER) ? 'waitsForProvider' : 'scheduled';
    case 'missing':
    case 'unjudged':
      return finding.kind;
  }
}
