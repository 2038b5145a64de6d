import type { GetItemCommandInput, QueryCommandInput } from '@aws-sdk/client-dynamodb';
import type { Request, Wire } from '../../testing/engines/index.ts';
import { UnsupportedByEngine } from '../../testing/errors.ts';
import { sourceId } from '../../testing/stack/function.ts';
import type { Origin } from '../run/run-record.ts';
import { refuse, switchOff } from '../run/sickness.ts';
import { laterIn, type World } from '../run/world.ts';
import type { Fault } from './fault.ts';
import { applyPartially, hasEntries } from './partial-failure.ts';
import { isForbidden, resourceOf } from './permission.ts';
import {
  conflict,
  denied,
  forbidden,
  gone,
  internalError,
  inUse,
  serviceDown,
  throttled,
  timeout,
} from './service-errors.ts';
import { CHECK_BACK, FORWARDER, RECONCILER, siteOf } from './site.ts';

/** A process that sends requests. */
export interface Caller {
  /** The function, or the function of the event source. */
  readonly actor: string;
  readonly name: string;
  readonly alive: boolean;
  /** The invocation that it is busy with. */
  readonly invocation?: number;
  /** Runs what it has waited for, as soon as it can. */
  deliver(run: () => void): void;
  /** How its next request ends it, if it is killed there. */
  nextKill?(): Fault | undefined;
  /** It dies: nothing is delivered to it any more. */
  crash(): void;
}

/** After so long without an answer, the SDK gives a request up. */
const REQUEST_TIMEOUT_MS = 5_000;

type Outcome = { readonly output: object } | { readonly error: unknown };

/** What becomes of a request. Durations are milliseconds. */
interface Course {
  /** After how long it is carried out. @default never */
  readonly applied?: number;
  /** After how long the answer comes, once it is carried out, if ever. @default never */
  readonly answered?: number;
  /** The answer, whatever came of the request. @default what came of it */
  readonly error?: Error;
  /** Whether the answer comes before the request is carried out. @default false */
  readonly early?: true;
  /** When the caller dies. @default it lives */
  readonly dies?: 'at-once' | 'when-applied';
}

/**
 * Carries a caller's requests: each takes some milliseconds there and back, so that those of several callers interleave,
 * and may meet with the fault that is planned for it.
 */
export function faultyWire(world: World, caller: Caller): Wire {
  return (request, apply) =>
    new Promise((resolve, reject) => {
      if (!caller.alive) return;
      const { schedule, faults, record, draw } = world;
      world.observe?.(caller.actor, request);
      const site = siteOf(caller.actor, request);
      const nth = faults.reached(site);
      const planned = faults.reach(site, (one) => happensTo(request, one));
      const fault = caller.nextKill?.() ?? planned;
      const there = 1 + draw(`${site} ${nth} there`, 12);
      const back = 1 + draw(`${site} ${nth} back`, 12);
      changeSource(world, caller.actor, fault);
      const to = destinationOf(request);
      if (fault?.kind === 'refuses' && to !== undefined) refuse(world, to, fault.for);
      // A mapping that is switched off asks for nothing: here it asks, and is refused.
      const isOff = isReceive(request) && (world.disabled.has(caller.actor) || isSwitchedOff(world, caller, request));
      const isRefused = to !== undefined && world.refusing.has(to);
      const isGone = world.gone.has(resourceOf(request) ?? '');
      const mayNot = [...world.forbidden].some((lost) => isForbidden(lost, caller.actor, request));
      const fails = isServed(world, caller, request);
      const error = fails
        ? serviceDown()
        : isOff
          ? internalError()
          : mayNot
            ? forbidden(request)
            : isGone
              ? gone()
              : isRefused
                ? denied(request)
                : undefined;
      const course = error ? { answered: there + back, error } : courseOf(fault, request, there, back);
      const { actor, invocation } = caller;
      const origin: Origin = { actor, operation: request.operation, ...(invocation && { invocation }) };

      // What takes long, the run waits for.
      const wait = (milliseconds: number, run: () => void) =>
        milliseconds < REQUEST_TIMEOUT_MS ? schedule.after(milliseconds, run) : laterIn(world, milliseconds, run);
      const answer = (outcome: Outcome) => {
        if (course.answered === undefined) return;
        const settle = () => ('output' in outcome ? resolve(outcome.output) : reject(outcome.error));
        wait(course.answered, () => caller.deliver(settle));
      };
      const instead = course.error && { error: course.error };
      if (course.dies === 'at-once') caller.crash();
      const isEarly = course.applied === undefined || course.early;
      if (isEarly && instead) answer(instead);
      if (course.applied === undefined) return;
      wait(course.applied, () => {
        const outcome = attempt(world, origin, applied(world, request, fault, apply));
        record.note(`${caller.name} ${site} ${nth} ${outcomeOf(outcome)}`);
        if (course.dies === 'when-applied') caller.crash();
        if (!isEarly) answer(instead ?? outcome);
      });
    });
}

/** @param there how long a request is on its way, and `back` its answer */
function courseOf(fault: Fault | undefined, request: Request, there: number, back: number): Course {
  const refused = (error: Error): Course => ({ answered: there + back, error });
  switch (fault?.kind) {
    case 'crash-before':
      return { dies: 'at-once' };
    case 'crash-after':
      return { applied: there, dies: 'when-applied' };
    case 'apply-late':
      return { applied: fault.after, dies: 'at-once' };
    case 'error-before':
      return refused(internalError());
    case 'error-after':
      return { applied: there, answered: back, error: internalError() };
    case 'reply-lost':
      return { applied: there, answered: REQUEST_TIMEOUT_MS - there, error: timeout() };
    case 'request-lost':
      return { answered: REQUEST_TIMEOUT_MS, error: timeout() };
    case 'reply-late':
      return { applied: there, answered: fault.after };
    case 'in-use':
      return { applied: fault.after, answered: there + back, error: inUse(), early: true };
    case 'request-late':
      return { applied: fault.after, answered: back };
    case 'throttle':
      return refused(throttled(request));
    case 'denied':
      return refused(denied(request));
    case 'conflict':
      return refused(conflict(request));
    default:
      return { applied: there, answered: back };
  }
}

/** An event source that is switched off, or made anew. */
function changeSource(world: World, actor: string, fault: Fault | undefined): void {
  const { schedule, horizons } = world;
  if (fault?.kind === 'from-latest') horizons.set(actor, schedule.now());
  if (fault?.kind === 'disabled' || fault?.kind === 'retention') switchOff(world, actor, fault.for);
}

/** Whether a request is for a service that fails. Whatever is asked of services is recorded. */
function isServed({ failing, record }: World, { actor, invocation = 0 }: Caller, request: Request): boolean {
  if (request.operation !== 'ServiceRequest') return false;
  const { key, service } = request.input as { readonly key: string; readonly service: string };
  const failed = failing.has(service);
  record.add({ kind: 'served', actor, invocation, service, key, failed });
  return failed;
}

/** Whether the mapping is switched off by which a function's event source asks. */
function isSwitchedOff({ lambda }: World, { actor, invocation }: Caller, { operation }: Request): boolean {
  // A function that asks a queue itself is in an invocation.
  if (!lambda || invocation !== undefined) return false;
  return !lambda.isOn(sourceId(actor, operation === 'ReceiveMessage' ? 0 : 1));
}

/** The queue or the stream to which a request sends. */
function destinationOf(request: Request): string | undefined {
  return /^(?:PutRecords|SendMessage(?:Batch)?)$/.test(request.operation) ? resourceOf(request) : undefined;
}

/** What the engine does of a request. */
function applied({ engines }: World, request: Request, fault: Fault | undefined, apply: () => object): () => object {
  if (fault?.kind === 'partial') return () => applyPartially(engines, request, fault.every);
  return fault?.kind === 'stale' ? () => asOfBefore(apply()) : apply;
}

function happensTo(request: Request, fault: Fault): boolean {
  switch (fault.kind) {
    case 'partial':
      return hasEntries(request);
    case 'conflict':
      return request.operation === 'TransactWriteItems' || request.operation === 'PutItem';
    case 'stale':
      return isStale(request);
    case 'from-latest':
      return request.operation === 'GetRecords';
    case 'retention':
      return isReceive(request);
    case 'refuses':
      return isToSubscribers(request);
    default:
      return true;
  }
}

/** Whether a request sends to subscribers, and not to what the framework itself reads. */
function isToSubscribers(request: Request): boolean {
  const to = destinationOf(request);
  return to !== undefined && to !== FORWARDER && to !== CHECK_BACK && to !== RECONCILER;
}

/** Whether an event source asks for what there is. */
function isReceive({ operation }: Request): boolean {
  return operation === 'GetRecords' || operation === 'ReceiveMessage';
}

/** Whether a read may be stale: one that is not consistent. */
function isStale({ operation, input }: Request): boolean {
  return /^(?:GetItem|Query)$/.test(operation) && !(input as GetItemCommandInput | QueryCommandInput).ConsistentRead;
}

/** A reply as a replica gives it that has seen nothing of late: no row, or no rows. */
function asOfBefore(reply: object): object {
  const { Item: _item, Items, ...rest } = reply as { readonly Item?: object; readonly Items?: readonly object[] };
  return { ...rest, ...(Items && { Items: [], Count: 0 }) };
}

function attempt(world: World, origin: Origin, what: () => object): Outcome {
  try {
    return { output: world.record.during(origin, what) };
  } catch (error) {
    if (error instanceof UnsupportedByEngine) world.unsupported ??= error;
    return { error };
  }
}

function outcomeOf(outcome: Outcome): string {
  if ('output' in outcome) return 'done';
  return outcome.error instanceof Error ? outcome.error.name : 'failed';
}
