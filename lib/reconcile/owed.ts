import { DAY_MS, MINUTE_MS } from '../contract/time.ts';
import type { Finding } from '../inspect/inspection.ts';
import type { ListEventSources } from '../inspect/subscriber-state.ts';
import type { Graph } from '../ledger/graph.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { type Case, casesOf } from './cases.ts';
import { dueMessages } from './due-messages.ts';
import { judgedBuckets } from './judge.ts';

/** A message that has not ended at a subscriber. */
export interface Owed {
  readonly id: string;
  readonly state: 'inFlight' | 'late' | 'scheduled' | 'missing' | 'unjudged' | 'quarantined';
  /** What says that it is missing, or cannot be judged. */
  readonly evidence?: string;
}

export interface OwedOptions {
  /** The routes of one subscriber. */
  readonly graph: Graph;
  /** From when on what was committed is compared, in milliseconds since the epoch. */
  readonly since: number;
  /** @default nothing is known of event sources */
  readonly listEventSources?: ListEventSources;
}

const LOOKAHEAD_MS = 6 * MINUTE_MS;
/** No message waits for longer. */
const LONGEST_DELAY_MS = 367 * DAY_MS;

/**
 * What a subscriber has not ended, by message id: of what was committed lately, what reconciliation follows up, and what waits
 * for its moment.
 */
export async function owedBy(ledger: Ledger, { graph, since, listEventSources }: OwedOptions): Promise<Owed[]> {
  const owed = new Map<string, Owed>();
  const now = ledger.environment.now();
  for (let shard = 0; shard < ledger.shards; shard++) {
    for await (const one of casesOf(ledger, shard)) {
      if (one.state !== 'closed' && graph.subscribers.includes(one.subscriber)) owed.set(one.id, owedInCase(one, now));
    }
    for await (const messages of dueMessages(ledger, { graph, from: now, to: now + LONGEST_DELAY_MS }, shard)) {
      for (const { id, committed, ends } of messages) {
        const isExpected = graph.expectedOf(id, committed.type).length > 0;
        if (isExpected && !ends.some((end) => end !== undefined)) owed.set(id, { id, state: 'scheduled' });
      }
    }
  }
  for await (const { unended, waiting } of judgedBuckets(ledger, {
    graph,
    from: since,
    to: now + LOOKAHEAD_MS,
    listEventSources,
  })) {
    for (const { id } of waiting) owed.set(id, { id, state: 'scheduled' });
    for (const { id, finding } of unended) if (finding?.kind !== 'cancelled') owed.set(id, owedAs(id, finding));
  }
  return [...owed.values()].sort((one, other) => (one.id < other.id ? -1 : 1));
}

function owedInCase({ id, state, deliverAt = 0, evidence }: Case, now: number): Owed {
  if (state === 'waiting' || state === 'closed') return { id, state: deliverAt > now ? 'scheduled' : 'late' };
  return { id, state, ...(evidence && { evidence }) };
}

function owedAs(id: string, finding: Finding | undefined): Owed {
  switch (finding?.kind) {
    case 'late':
    case 'scheduled':
      return { id, state: finding.kind };
    case 'waiting':
      return { id, state: 'scheduled' };
    case 'missing':
    case 'unjudged':
      return { id, state: finding.kind, evidence: finding.evidence };
    default:
      return { id, state: 'inFlight' };
  }
}
