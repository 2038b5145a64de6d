import type { RunRecord } from '../run/run-record.ts';
import { ABANDON_AFTER_MS } from '../run/world.ts';
import { type System, streamOf } from '../system.ts';
import type { Evidence } from './evidence.ts';
import { Expectations } from './expectations.ts';
import type { Leniency } from './leniency.ts';
import type { Violation } from './violation.ts';

/** How far ahead a new route may start, and a deploy may take, in milliseconds. */
const LEAD_MS = 10_000;
/** What is said of an event type that a subscriber's code does not know. */
const UNKNOWN = 'unknown-event-type';
/** How long a run of reconciliation may take. */
const RUN_MS = 5 * 60_000;

/**
 * L, where the graph changes: when a deploy is done, the routes say so, from when it began on; and a message is abandoned
 * where its subscriber was removed, and nobody has brought it back in time, and nowhere else.
 */
export function checkGraph(system: System, record: RunRecord, evidence: Evidence, leniency: Leniency): Violation[] {
  return [
    ...wrongRoutes(system, record),
    ...wronglyAbandoned(system, record, evidence, leniency),
    ...wronglyDead(evidence),
  ].map((what) => ({ invariant: 'L', what }));
}

function wrongRoutes({ subscribers }: System, { entries }: RunRecord): string[] {
  const expectations = new Expectations();
  const wrong: string[] = [];
  for (const entry of entries) {
    const former = entry.kind === 'row' && entry.row?.kind === 'route' && !entry.change.expired ? entry.row : undefined;
    const before = former ? expectations.termsOf(former.sk, former.of) : [];
    expectations.add(entry);
    const now = former ? expectations.termsOf(former.sk, former.of) : [];
    // What a subscriber was once to get, it is to get for good.
    for (const { since, until } of before) {
      const isKept = now.some((term) => term.since === since && (until === undefined || term.until === until));
      if (!isKept)
        wrong.push(`the route of ${former?.sk} for ${former?.of} has forgotten what was sent from ${since} on`);
    }
    if (entry.kind !== 'deployed') continue;
    const { subscriber, action, began, at } = entry;
    const consumes = subscribers.find(({ name }) => name === subscriber)?.consumes ?? [];
    for (const { type } of consumes) {
      const [term] = expectations.termsOf(subscriber, type);
      const { since = Number.NaN, until } = term ?? {};
      const isFirst = since === 0;
      const isRight =
        action === 'added'
          ? until === undefined && (isFirst || (since >= began && since <= at + LEAD_MS))
          : until !== undefined && until >= began && until <= at;
      if (!isRight)
        wrong.push(
          `${subscriber} was ${action} from ${began} to ${at}, and its route for ${type} says ${JSON.stringify(term)}`,
        );
    }
  }
  return wrong;
}

function wronglyAbandoned(
  system: System,
  { entries }: RunRecord,
  { ends, expectations, committed }: Evidence,
  { skewed }: Leniency,
): string[] {
  const deploys = entries.filter((entry) => entry.kind === 'deployed');
  const patience = skewed ? 0 : ABANDON_AFTER_MS;
  return ends.flatMap(({ subscriber, id, state, at }) => {
    if (state !== 'abandoned') return [];
    const type = committed.get(id)?.envelope.type ?? '';
    // A run of reconciliation goes by the routes that it has read when it began.
    const isGone = [at, at - RUN_MS].some((moment) => {
      const last = deploys.findLast((one) => one.subscriber === subscriber && one.at <= moment);
      return last?.action === 'removed' && at - last.began >= patience;
    });
    // Of one that has come back, what it had before is its to end, unless it was given up before.
    if (isGone) return [];
    const stream = streamOf(system, subscriber);
    const where = stream === undefined ? subscriber : `${subscriber} on ${stream}`;
    return [
      `${type} ${id} is abandoned at ${where}, which ${expectations.wasRemoved(subscriber) ? 'was there, or could still come back' : 'was never removed'}`,
    ];
  });
}

/** Whoever does not know an event type yet of which it has the route waits for the deploy that is on its way. */
function wronglyDead({ ends, committed, failures }: Evidence): string[] {
  const given = ends.filter(({ state, row }) => state === 'dead' && row.reason === UNKNOWN);
  const tried = failures.filter(({ attempts, detail }) => attempts > 0 && detail.startsWith(UNKNOWN));
  return [
    ...given.map((end) => ({ ...end, as: 'is dead' })),
    ...tried.map((one) => ({ ...one, as: 'counts as tried' })),
  ].map(({ subscriber, id, as }) => {
    const type = committed.get(id)?.envelope.type ?? 'a message';
    return `${type} ${id} ${as} at ${subscriber}, whose code did not know its event type`;
  });
}
