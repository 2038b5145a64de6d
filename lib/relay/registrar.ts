import type { CloudFormationCustomResourceEvent as CustomResourceEvent } from 'aws-lambda';
import { type Answer, putAnswer } from '../aws/cloudformation-answer.ts';
import { concurrently } from '../aws/concurrently.ts';
import { type Environment, environmentOf, quietly } from '../aws/environment.ts';
import { errorCode, errorMessage } from '../aws/errors.ts';
import { type Counts, summarize } from '../aws/invocation.ts';
import { jitter } from '../aws/retry.ts';
import { CommitUndecided } from '../contract/errors.ts';
import { type Ledger, ledgerOf, putRow } from '../ledger/ledger.ts';
import { readRoutes } from '../ledger/route-book.ts';
import { FORMAT_RESOURCE, newestFormat } from '../ledger/rows/format.ts';
import { eventTypeKey, type RouteRow, routeKey } from '../ledger/rows/route.ts';
import { refuseOlderReader, registerFormat } from './format-resource.ts';
import { claimRoute, isSameRoute, type RouteClaim, releaseRoute } from './route-claim.ts';
import { type RouteProperties, readRouteProperties } from './route-properties.ts';

/** The Lambda handler behind the custom resources that register subscribers' routes and turn a ledger's format. */
export type Registrar = (event: CustomResourceEvent, context?: LambdaContext) => Promise<void>;

interface LambdaContext {
  getRemainingTimeInMillis?(): number;
}

/** Tells CloudFormation how a request ended. */
export type Tell = (responseUrl: string, answer: Answer, engine: string | undefined) => Promise<void>;

/**
 * How far ahead a new route starts, in milliseconds: time to write it, and for clocks that differ.
 * The reasons are in docs/decisions/route-since.md.
 */
export const ROUTE_LEAD_MS = 3_000;

/** Kept at an invocation's end for the answer. */
const ANSWER_MS = 15_000;
const ANSWER_TRIES = 4;
const WRITE_TRIES = 8;
const TYPES_AT_ONCE = 8;

/**
 * Registers, changes and ends a subscriber's routes as CloudFormation creates, updates and deletes its custom resource.
 * The properties are `{ subscriber, events: [{ type, businessLine }], destination, deadline }`, see `RouteProperties`.
 * It also carries out the ledger's own resource, which turns the format of outbox rows.
 *
 * Every request is answered: an error by `FAILED` with the reason, which CloudFormation shows and rolls back. Each
 * request may come twice.
 *
 * @throws whatever kept the answer from being put, so that Lambda invokes it again
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-custom-resources-lambda.html
 */
export function createRegistrar(tell: Tell = putAnswer): Registrar {
  return async (event, context) => {
    const environment = environmentOf(context);
    const fields = { request: event.RequestType, resource: event.LogicalResourceId };
    await summarize(environment, 'register-routes', fields, async (counts) => {
      const remaining = context?.getRemainingTimeInMillis?.() ?? 60_000;
      const answer = await answerTo(environment, event, counts, remaining - ANSWER_MS);
      await tellUntilHeard(environment, tell, event, answer);
    });
  };
}

async function answerTo(
  environment: Environment,
  event: CustomResourceEvent,
  counts: Counts,
  milliseconds: number,
): Promise<Answer> {
  const { StackId, RequestId, LogicalResourceId } = event;
  const common = { StackId, RequestId, LogicalResourceId };
  const done = new AbortController();
  const tooLate = environment.sleep(Math.max(0, milliseconds), done.signal).then(() => {
    throw new CommitUndecided(`The routes could not be written within ${milliseconds} ms`);
  });
  tooLate.catch(() => undefined);
  try {
    await Promise.race([carryOut(environment, event, counts, done.signal), tooLate]);
    return { Status: 'SUCCESS', PhysicalResourceId: physicalId(event), ...common };
  } catch (error) {
    counts.add('refused');
    const message = errorMessage(error);
    quietly(() => environment.log.error('routes not registered', { ...common, code: errorCode(error), why: message }));
    const Reason = `Waybill could not register the routes (${errorCode(error)}): ${message}`.slice(0, 1_000);
    // An update that failed has replaced nothing.
    const PhysicalResourceId = event.RequestType === 'Update' ? event.PhysicalResourceId : physicalId(event);
    return { Status: 'FAILED', Reason, PhysicalResourceId, ...common };
  } finally {
    done.abort();
  }
}

/** What the steps of one request share. */
interface Request {
  readonly ledger: Ledger;
  readonly owner: string;
  readonly counts: Counts;
  /** Aborted once CloudFormation has its answer: nothing may be written after it. */
  readonly signal: AbortSignal;
}

async function carryOut(
  environment: Environment,
  event: CustomResourceEvent,
  counts: Counts,
  signal: AbortSignal,
): Promise<void> {
  const request = {
    ledger: ledgerOf(environment),
    owner: `${event.StackId}|${event.LogicalResourceId}`,
    counts,
    signal,
  };
  if (event.ResourceType === FORMAT_RESOURCE) return registerFormat(request.ledger, event);
  if (event.RequestType === 'Delete') {
    // What was never valid was never written.
    await release(request, readIfValid(event.ResourceProperties));
    return;
  }
  const wanted = readRouteProperties(event.ResourceProperties);
  // The subscriber's stack may be newer than the ledger's, whose functions read the rows.
  const reads = wanted.reads && Math.min(wanted.reads, newestFormat(environment));
  if (event.RequestType === 'Create') await refuseOlderReader(request.ledger, { ...wanted, reads });
  const since = await concurrently(TYPES_AT_ONCE, wanted.events, ({ type, businessLine }) => {
    const { subscriber, destination, deadline, effects, ordered, adopts } = wanted;
    const marks = { ...(effects && { effects }), ...(ordered && { ordered }) };
    const optional = { ...(adopts && { adopts }), ...marks, ...(reads && { reads }) };
    const claim = { type, businessLine, subscriber, destination, deadline, ...optional };
    return claimUntilWritten(request, { ...claim, owner: request.owner, request: event.RequestId });
  });
  if (event.RequestType === 'Update' && event.PhysicalResourceId === physicalId(event)) {
    // Otherwise the subscriber has another name, and CloudFormation deletes the former resource itself.
    await release(request, readIfValid(event.OldResourceProperties), wanted);
  }
  const pause = Math.max(...since) + 1 - environment.now();
  if (pause > 0) await environment.sleep(pause, signal);
}

/** Writes the claimed route, and sees to it that a new route was there before it starts. Returns its `since`. */
async function claimUntilWritten(request: Request, claim: RouteClaim): Promise<number> {
  const { ledger, counts } = request;
  const { environment } = ledger;
  let restart = false;
  for (let attempt = 0; attempt < WRITE_TRIES; attempt++) {
    if (attempt > 0) await environment.sleep(jitter(environment, attempt));
    const rows = await readRoutes(ledger, claim.type);
    const own = rows.find(({ subscriber }) => subscriber === claim.subscriber);
    if (rows.length === 0) await enterType(request, claim.type);
    const row = claimRoute(rows, claim, environment.now() + ROUTE_LEAD_MS, restart);
    if (!isSameRoute(row, own) && !(await writeRoute(request, row))) continue;

    // Written by this request, but maybe too late: a copy of the routes without it could pass for good after `since`.
    restart = row.sinceRequest === claim.request && environment.now() >= row.since;
    if (restart) continue;
    counts.add('registered');
    return row.since;
  }
  throw new CommitUndecided(`The route of '${claim.subscriber}' for '${claim.type}' could not be written in time`);
}

/** Enters the event type into the list by which reconciliation finds all routes. It stays there. */
async function enterType({ ledger, signal }: Request, type: string): Promise<void> {
  signal.throwIfAborted();
  await putRow(ledger, eventTypeKey(type));
}

/** Gives up the resource's claims of the former routes, but for those that are still wanted. */
async function release(request: Request, former?: RouteProperties, wanted?: RouteProperties): Promise<void> {
  if (!former) return;
  const { subscriber } = former;
  const kept = new Set(wanted?.subscriber === subscriber ? wanted.events.map(({ type }) => type) : []);
  const given = former.events.filter(({ type }) => !kept.has(type));
  await concurrently(TYPES_AT_ONCE, given, ({ type }) => releaseUntilWritten(request, type, subscriber));
}

async function releaseUntilWritten(request: Request, type: string, subscriber: string): Promise<void> {
  const { ledger, owner, counts } = request;
  const { environment } = ledger;
  for (let attempt = 0; attempt < WRITE_TRIES; attempt++) {
    if (attempt > 0) await environment.sleep(jitter(environment, attempt));
    const rows = await readRoutesIfAny(ledger, type);
    const own = rows.find((row) => row.subscriber === subscriber);
    const row = own && releaseRoute(own, owner, environment.now());
    if (!row) return;
    if (await writeRoute(request, row)) {
      counts.add('released');
      return;
    }
  }
  throw new CommitUndecided(`The route of '${subscriber}' for '${type}' could not be ended: others kept changing it`);
}

/** Writes the row over the one that it was made from. Returns whether that one was still there. */
async function writeRoute({ ledger, signal }: Request, row: RouteRow): Promise<boolean> {
  signal.throwIfAborted();
  const { revision = 1 } = row;
  const { kind } = await putRow(
    ledger,
    { ...routeKey(row.type, row.subscriber), ...row },
    revision === 1
      ? { ConditionExpression: 'attribute_not_exists(revision)' }
      : {
          ConditionExpression: 'revision = :read',
          ExpressionAttributeValues: { ':read': { N: `${revision - 1}` } },
        },
  );
  return kind === 'written';
}

/** A ledger that is gone has no routes: whatever is deleted after it must not fail. */
async function readRoutesIfAny(ledger: Ledger, type: string): Promise<RouteRow[]> {
  try {
    return await readRoutes(ledger, type);
  } catch (error) {
    if (errorCode(error) === 'ResourceNotFoundException') return [];
    throw error;
  }
}

/** Follows from the subscriber's name, so that a new name replaces the resource and nothing else does. */
function physicalId(event: CustomResourceEvent): string {
  if (event.RequestType === 'Delete') return event.PhysicalResourceId;
  if (event.ResourceType === FORMAT_RESOURCE) return `format@${event.LogicalResourceId}`;
  const subscriber = readIfValid(event.ResourceProperties)?.subscriber;
  if (subscriber) return `${subscriber}@${event.LogicalResourceId}`;
  return event.RequestType === 'Update' ? event.PhysicalResourceId : `invalid@${event.LogicalResourceId}`;
}

function readIfValid(properties: unknown): RouteProperties | undefined {
  try {
    return readRouteProperties(properties);
  } catch {
    return undefined;
  }
}

async function tellUntilHeard(
  environment: Environment,
  tell: Tell,
  event: CustomResourceEvent,
  answer: Answer,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await tell(event.ResponseURL, answer, environment.variables.AWS_ENDPOINT_URL);
      return;
    } catch (error) {
      if (attempt === ANSWER_TRIES) throw error;
      await environment.sleep(1_000 * attempt);
    }
  }
}
