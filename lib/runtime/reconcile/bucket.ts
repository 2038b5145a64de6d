import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { outboxKey, type Route } from '../../contract/index.ts';
import { concurrently } from '../concurrently.ts';
import type { Environment } from '../environment.ts';
import { toItem } from '../expression.ts';
import type { Graph } from './graph.ts';
import { dueOf, type Finding, type Inspection, type Suspect } from './inspection.ts';
import type { Joined } from './join.ts';
import type { Committed, Ended } from './ledger-sets.ts';
import type { Standing, Tally } from './tally.ts';

const INSPECTIONS_AT_ONCE = 16;

type Message = Joined<Committed, Ended>;
/** A message that has not ended at a subscriber. */
export interface Unended {
  readonly id: string;
  readonly type: string;
  readonly businessLine: string;
  readonly route: Route;
  /** When it should have ended, in milliseconds since the epoch. */
  readonly due: number;
  /** What was found, once it was due. */
  readonly finding?: Finding;
}

/** A message that may be missing somewhere. */
interface Doubtful extends Pick<Committed, 'type' | 'businessLine'> {
  readonly standings: readonly Standing[];
  readonly suspects: readonly Suspect[];
}

/** Judges the messages of one bucket. Those with suspects are held until `settle` has looked at them. */
export class Bucket {
  readonly #environment: Environment;
  readonly #ledger: string;
  readonly #graph: Graph;
  readonly #inspection: Inspection;
  readonly #tally: Tally;
  readonly #onUnended: (unended: Unended) => void;
  #doubtful: Doubtful[] = [];
  #unknown: Message[] = [];

  constructor(
    environment: Environment,
    ledger: string,
    graph: Graph,
    inspection: Inspection,
    tally: Tally,
    onUnended: (unended: Unended) => void = () => undefined,
  ) {
    this.#environment = environment;
    this.#ledger = ledger;
    this.#graph = graph;
    this.#inspection = inspection;
    this.#tally = tally;
    this.#onUnended = onUnended;
  }

  get held(): number {
    return this.#doubtful.length + this.#unknown.length;
  }

  judge(message: Message): void {
    if (message.committed) this.#judgeCommitted(message, message.committed);
    else this.#unknown.push(message);
  }

  async settle(): Promise<void> {
    const [unknown, doubtful] = [this.#unknown, this.#doubtful];
    this.#unknown = [];
    this.#doubtful = [];
    await concurrently(INSPECTIONS_AT_ONCE, unknown, (message) => this.#settleUnknown(message));
    await concurrently(INSPECTIONS_AT_ONCE, doubtful, (message) => this.#settleDoubtful(message));
  }

  #judgeCommitted({ id, ends }: Message, { type, businessLine }: Committed): void {
    const now = this.#environment.now();
    const standings: Standing[] = [];
    const suspects: Suspect[] = [];
    for (const route of this.#graph.expectedOf(id, type)) {
      const end = ends[this.#graph.subscribers.indexOf(route.subscriber)];
      const due = dueOf(id, route);
      if (end) {
        standings.push(end.state === 'dead' ? 'dead' : 'handled');
        this.#tally.copies[end.state]++;
      } else if (now < due) {
        standings.push('inFlight');
        this.#onUnended({ id, type, businessLine, route, due });
      } else {
        suspects.push({ id, route, due });
      }
    }
    if (suspects.length > 0) this.#doubtful.push({ type, businessLine, standings, suspects });
    else this.#tally.count(businessLine, standings);
  }

  async #settleDoubtful({ type, businessLine, standings, suspects }: Doubtful): Promise<void> {
    const found = [...standings];
    for (const suspect of suspects) {
      const finding = await this.#inspection.inspect(suspect);
      found.push(standingOf(finding));
      if (finding.kind === 'ended') this.#tally.copies[finding.state]++;
      else if (finding.kind === 'late') this.#tally.copies.late++;
      if (finding.kind !== 'ended') this.#onUnended({ ...suspect, type, businessLine, finding });
      if (finding.kind === 'missing') {
        const { id, route, due } = suspect;
        const { hop, evidence } = finding;
        const overdueMs = this.#environment.now() - due;
        this.#tally.missing.push({ id, subscriber: route.subscriber, hop, evidence, overdueMs });
      }
    }
    this.#tally.count(businessLine, found);
  }

  /** It was committed meanwhile, or it never was. A row that DynamoDB may have begun to clean up says nothing. */
  async #settleUnknown({ id, ends }: Message): Promise<void> {
    const now = this.#environment.now();
    if (ends.every((end) => !end || end.expires <= now)) return;
    const key = toItem(outboxKey(id));
    const reply = await this.#environment.dynamodb.send(
      new GetItemCommand({ TableName: this.#ledger, Key: key, ConsistentRead: true, ReturnConsumedCapacity: 'TOTAL' }),
    );
    // Its counts come with the next pass, which sees the row.
    if (reply.Item) return;
    for (const [index, end] of ends.entries()) {
      if (end) this.#tally.uncaused.push({ id, subscriber: this.#graph.subscribers[index] ?? '' });
    }
  }
}

function standingOf(finding: Finding): Standing {
  switch (finding.kind) {
    case 'ended':
      return finding.state === 'dead' ? 'dead' : 'handled';
    case 'late':
      return 'inFlight';
    case 'scheduled':
    case 'missing':
      return finding.kind;
  }
}
