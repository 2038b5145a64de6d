import { concurrently } from '../aws/concurrently.ts';
import type { Environment } from '../aws/environment.ts';
import { dueOf, type Finding, type Inspection, type Suspect } from '../inspect/inspection.ts';
import type { Graph } from '../ledger/graph.ts';
import { readOutbox } from '../ledger/outbox.ts';
import type { Route } from '../ledger/rows/route.ts';
import type { Joined } from './join.ts';
import type { Committed, Ended } from './ledger-sets.ts';
import type { Standing, Tally } from './tally.ts';

const INSPECTIONS_AT_ONCE = 16;

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
  readonly due: number;
  /** What was found, once it was due. */
  readonly finding?: Finding;
}

/** A message that may be missing somewhere. */
interface Doubtful {
  readonly committed: Committed;
  readonly standings: readonly Standing[];
  readonly suspects: readonly Suspect[];
}

export interface BucketOptions {
  readonly ledger: string;
  readonly graph: Graph;
  readonly inspection: Inspection;
  readonly tally: Tally;
  readonly onUnended?: (unended: Unended) => void;
  readonly onWaiting?: (waiting: readonly Waiting[]) => Promise<void>;
}

/** Judges the messages of one bucket. Those with suspects are held until `settle` has looked at them. */
export class Bucket {
  readonly #environment: Environment;
  readonly #options: BucketOptions;
  #doubtful: Doubtful[] = [];
  #unknown: Message[] = [];
  #waiting: Waiting[] = [];

  constructor(environment: Environment, options: BucketOptions) {
    this.#environment = environment;
    this.#options = options;
  }

  get held(): number {
    return this.#doubtful.length + this.#unknown.length + this.#waiting.length;
  }

  judge(message: Message): void {
    if (message.committed) this.#judgeCommitted(message, message.committed);
    else this.#unknown.push(message);
  }

  async settle(): Promise<void> {
    const [unknown, doubtful, waiting] = [this.#unknown, this.#doubtful, this.#waiting];
    this.#unknown = [];
    this.#doubtful = [];
    this.#waiting = [];
    await concurrently(INSPECTIONS_AT_ONCE, unknown, (message) => this.#settleUnknown(message));
    await concurrently(INSPECTIONS_AT_ONCE, doubtful, (message) => this.#settleDoubtful(message));
    if (waiting.length > 0) await this.#options.onWaiting?.(waiting);
  }

  #judgeCommitted({ id, ends }: Message, committed: Committed): void {
    const { graph, tally, onUnended, onWaiting } = this.#options;
    const { type, businessLine, deliverAt = 0 } = committed;
    const now = this.#environment.now();
    const standings: Standing[] = [];
    const suspects: Suspect[] = [];
    for (const route of graph.expectedOf(id, type)) {
      const end = ends[graph.subscribers.indexOf(route.subscriber)];
      const due = dueOf(committed, route);
      if (end) {
        standings.push(end.state === 'dead' ? 'dead' : 'handled');
        tally.copies[end.state]++;
      } else if (now < deliverAt) {
        standings.push('scheduled');
        if (onWaiting) this.#waiting.push({ ...committed, deliverAt, route });
      } else if (now < due) {
        standings.push('inFlight');
        onUnended?.({ ...committed, route, due });
      } else {
        suspects.push({ ...committed, route, due });
      }
    }
    if (suspects.length > 0) this.#doubtful.push({ committed, standings, suspects });
    else tally.count(businessLine, standings);
  }

  async #settleDoubtful({ committed, standings, suspects }: Doubtful): Promise<void> {
    const { inspection, tally, onUnended } = this.#options;
    const found = [...standings];
    for (const suspect of suspects) {
      const finding = await inspection.inspect(suspect);
      found.push(standingOf(finding));
      if (finding.kind === 'ended') tally.copies[finding.state]++;
      else if (finding.kind === 'cancelled' || finding.kind === 'late') tally.copies[finding.kind]++;
      const { route, due } = suspect;
      if (finding.kind !== 'ended') onUnended?.({ ...committed, route, due, finding });
      if (finding.kind === 'missing') {
        const { hop, evidence } = finding;
        const overdueMs = this.#environment.now() - due;
        tally.missing.push({ id: suspect.id, subscriber: route.subscriber, hop, evidence, overdueMs });
      }
    }
    tally.count(committed.businessLine, found);
  }

  /** It was committed meanwhile, or it never was. A row that DynamoDB may have begun to clean up says nothing. */
  async #settleUnknown({ id, ends }: Message): Promise<void> {
    const now = this.#environment.now();
    // What was cancelled has had no effect that wants a cause.
    if (ends.every((end) => !end || end.state === 'cancelled' || end.expires <= now)) return;
    const { ledger, graph, tally } = this.#options;
    // Its counts come with the next pass, which sees the row.
    if (await readOutbox(this.#environment, ledger, id)) return;
    for (const [index, end] of ends.entries()) {
      if (!end || end.state === 'cancelled') continue;
      tally.uncaused.push({ id, subscriber: graph.subscribers[index] ?? '' });
    }
  }
}

function standingOf(finding: Finding): Standing {
  switch (finding.kind) {
    case 'ended':
      return finding.state === 'dead' ? 'dead' : 'handled';
    case 'cancelled':
      return 'handled';
    case 'late':
      return 'inFlight';
    case 'waiting':
      return 'scheduled';
    case 'scheduled':
    case 'missing':
      return finding.kind;
  }
}
