import { DAY_MS } from '../contract/time.ts';
import { type Adoption, type Claim, ownQueueUrl, type RouteRow, type Term } from '../ledger/rows/route.ts';

/** A resource's claim of the route of one event type. */
export interface RouteClaim extends Claim {
  readonly type: string;
  readonly subscriber: string;
  /** CloudFormation's request id. */
  readonly request: string;
}

/**
 * The row that gives a route to whoever claims it.
 *
 * `since` stays where the subscriber has the route. Otherwise it is 0 when the event type never had a route, and
 * `start` when it had.
 *
 * @param rows all rows of the event type
 * @param start where a new route starts, in milliseconds since the epoch
 * @param restart whether a `since` that this request set before is to be set again
 */
export function claimRoute(
  rows: readonly RouteRow[],
  { type, subscriber, request, ...claim }: RouteClaim,
  start: number,
  restart = false,
): RouteRow {
  const own = rows.find((row) => row.subscriber === subscriber);
  const goesOn = own !== undefined && own.until === undefined && !(restart && own.sinceRequest === request);
  const opening = goesOn
    ? { since: own.since, ...(own.sinceRequest && { sinceRequest: own.sinceRequest }) }
    : rows.length === 0
      ? { since: 0 }
      : { since: start, sinceRequest: request };
  const others = own?.claims ?? [];
  const claims = others.some(({ owner }) => owner === claim.owner)
    ? others.map((other) => (other.owner === claim.owner ? claim : other))
    : [...others, claim];
  const past = pastOf(own, start);
  return {
    type,
    subscriber,
    ...opening,
    ...(past.length > 0 && { past }),
    ...wanted(claims, claim, own?.adopts, start),
    claims,
    revision: (own?.revision ?? 0) + 1,
  };
}

/** A subscriber that was removed and comes again still owes what it has not ended: no message outlives that by so much. */
const REMEMBERED_MS = 400 * DAY_MS;

/** The terms of a subscriber before the one that a claim gives it. */
function pastOf(own: RouteRow | undefined, now: number): readonly Term[] {
  const ended = own?.until === undefined ? [] : [{ since: own.since, until: own.until }];
  return [...(own?.past ?? []), ...ended].filter(({ until = now }) => until > now - REMEMBERED_MS);
}

/**
 * The row once a resource no longer claims it: the route goes back to the claim before, or ends now.
 *
 * @returns `undefined` when there is nothing to change: the resource has no claim, or not any more
 */
export function releaseRoute(row: RouteRow, owner: string, now: number): RouteRow | undefined {
  const claims = row.claims ?? [];
  const left = claims.filter((claim) => claim.owner !== owner);
  if (left.length === claims.length) return undefined;
  const revision = (row.revision ?? 0) + 1;
  const last = left.at(-1);
  return last
    ? { ...row, adopts: undefined, ...wanted(left, last, row.adopts, now), claims: left, revision }
    : { ...row, until: now, claims: [], revision };
}

/** Whether a row says the same as another one. */
export function isSameRoute(one: RouteRow, other: RouteRow | undefined): boolean {
  return other !== undefined && comparable(one) === comparable(other);
}

/** What the claim that has the route wants: the last one's. */
function wanted(
  claims: readonly Claim[],
  otherwise: Claim,
  before: Adoption | undefined,
  start: number,
): Omit<Claim, 'owner' | 'adopts'> & Pick<RouteRow, 'adopts'> {
  const {
    destination,
    deadline,
    businessLine,
    adopts: subscriber,
    effects,
    ordered,
    reads,
  } = claims.at(-1) ?? otherwise;
  const since = before?.subscriber === subscriber ? before?.since : undefined;
  return {
    destination,
    deadline,
    businessLine,
    ...(subscriber && { adopts: { subscriber, since: since ?? start } }),
    ...(effects && { effects }),
    ...(ordered && { ordered }),
    ...(reads && { reads }),
  };
}

function comparable({ since, until, claims = [] }: RouteRow): string {
  const parts = claims.map(({ owner, destination, deadline, businessLine, adopts, effects, ordered, reads }) => {
    const where = destination.kind === 'queue' ? '' : destination.name;
    const queues = [ownQueueUrl(destination), destination.deadLetterQueueUrl];
    return [owner, destination.kind, where, ...queues, deadline, businessLine, effects, ordered, reads, adopts];
  });
  return JSON.stringify([since, until, parts]);
}
