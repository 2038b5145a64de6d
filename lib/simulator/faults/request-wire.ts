import type { GetItemCommandInput, QueryCommandInput } from '@aws-sdk/client-dynamodb';
import type { Request, Wire } from '../../testing/engines/index.ts';
import { UnsupportedByEngine } from '../../testing/errors.ts';
import type { Origin } from '../run/run-record.ts';
import { laterIn, type World } from '../run/world.ts';
import type { Fault } from './fault.ts';
import { applyPartially, hasEntries } from './partial-failure.ts';
import { conflict, denied, internalError, throttled, timeout } from './service-errors.ts';
import { siteOf } from './site.ts';

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
  /** It dies: nothing is delivered to it any more. */
  crash(): void;
}

/** After so long without an answer, the SDK gives a request up. */
const REQUEST_TIMEOUT = 5_000;

type Outcome = { readonly output: object } | { readonly error: unknown };

/**
 * The way of a caller's requests: each takes some milliseconds there and back, so that those of several callers
 * interleave, and may meet with the fault that is planned for it.
 */
export function faultyWire(world: World, caller: Caller): Wire {
  return (request, apply) =>
    new Promise((resolve, reject) => {
      if (!caller.alive) return;
      const settle = (outcome: Outcome) => ('output' in outcome ? resolve(outcome.output) : reject(outcome.error));
      travel(world, caller, request, apply, settle);
    });
}

function travel(
  world: World,
  caller: Caller,
  request: Request,
  apply: () => object,
  settle: (outcome: Outcome) => void,
): void {
  const { schedule, faults, record, disabled } = world;
  const site = siteOf(caller.actor, request);
  const nth = faults.reached(site);
  const fault = faults.reach(site, (one) => happensTo(request, one));
  const there = 1 + world.draw(`${site} ${nth} there`, 12);
  const back = 1 + world.draw(`${site} ${nth} back`, 12);
  const origin: Origin = {
    actor: caller.actor,
    operation: request.operation,
    ...(caller.invocation && { invocation: caller.invocation }),
  };

  const carryOut = (what: () => object = apply): Outcome => {
    const outcome = attempt(world, origin, what);
    record.note(`${caller.name} ${site} ${nth} ${outcomeOf(outcome)}`);
    return outcome;
  };
  const answer = (after: number, outcome: Outcome) => {
    schedule.after(after, () => caller.deliver(() => settle(outcome)));
  };
  const roundTrip = (what?: () => object, instead?: Outcome) => {
    schedule.after(there, () => {
      const outcome = carryOut(what);
      answer(back, instead ?? outcome);
    });
  };
  const refuse = (error: Error) => answer(there + back, { error });
  if (fault?.kind === 'from-latest') world.horizons.set(caller.actor, schedule.now());
  if (fault?.kind === 'disabled' || fault?.kind === 'retention') {
    disabled.set(caller.actor, schedule.now() + fault.for);
    laterIn(world, fault.for, () => disabled.delete(caller.actor));
  }
  // A mapping that is switched off asks for nothing: here it asks, and is told nothing.
  if (disabled.has(caller.actor) && isReceive(request)) {
    refuse(internalError());
    return;
  }

  switch (fault?.kind) {
    case 'crash-before':
      caller.crash();
      break;
    case 'crash-after':
      schedule.after(there, () => {
        carryOut();
        caller.crash();
      });
      break;
    case 'apply-late':
      caller.crash();
      laterIn(world, fault.after, () => void carryOut());
      break;
    case 'error-before':
      refuse(internalError());
      break;
    case 'error-after':
      roundTrip(apply, { error: internalError() });
      break;
    case 'reply-lost':
      schedule.after(there, () => void carryOut());
      answer(REQUEST_TIMEOUT, { error: timeout() });
      break;
    case 'request-lost':
      answer(REQUEST_TIMEOUT, { error: timeout() });
      break;
    case 'reply-late':
      schedule.after(there, () => {
        const outcome = carryOut();
        laterIn(world, fault.after, () => caller.deliver(() => settle(outcome)));
      });
      break;
    case 'request-late':
      laterIn(world, fault.after, () => answer(back, carryOut()));
      break;
    case 'throttle':
      refuse(throttled(request));
      break;
    case 'denied':
      refuse(denied(request));
      break;
    case 'conflict':
      refuse(conflict(request));
      break;
    case 'partial':
      roundTrip(() => applyPartially(world.engines, request, fault.every));
      break;
    case 'stale':
      roundTrip(() => asOfBefore(apply()));
      break;
    default:
      roundTrip();
      break;
  }
}

function happensTo(request: Request, fault: Fault): boolean {
  switch (fault.kind) {
    case 'partial':
      return hasEntries(request);
    case 'conflict':
      return request.operation === 'TransactWriteItems';
    case 'stale':
      return isStale(request);
    case 'from-latest':
      return request.operation === 'GetRecords';
    case 'retention':
      return isReceive(request);
    default:
      return true;
  }
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
