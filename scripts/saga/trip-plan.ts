import { hash } from 'node:crypto';
import type { SendMessageBatchCommandInput } from '@aws-sdk/client-sqs';
import { decideStuck } from 'waybill/operations';
import { cancel, NotDone, publish } from 'waybill/runtime';
import { type ExecutionView, MemoryStack, type StackRequest } from 'waybill/testing';
import { BookTrip, Charge, Reserve, Seats, Ship, Tickets } from '../../examples/travel/contract.ts';
import { chargeTripBy } from '../../examples/travel/functions/charge-trip.ts';
import { handler as reserveSeats } from '../../examples/travel/functions/reserve-seats.ts';
import { handler as shipTickets } from '../../examples/travel/functions/ship-tickets.ts';
import type { PaymentProvider } from '../../examples/travel/payment-provider.ts';
import { stuckPartition } from '../../lib/ledger/rows/saga.ts';

/** What a plan has come to. */
export interface PlanReport {
  readonly seed: number;
  readonly started: number;
  readonly completed: number;
  readonly compensated: number;
  /** Executions that were stuck until somebody decided. */
  readonly stuck: number;
  /** How often each kind of fault happened. */
  readonly faults: Readonly<Record<string, number>>;
  /** What must not be, in words. */
  readonly violations: readonly string[];
}

const SEATS = 100;
const MINUTES_OF_FAULTS = 6;
const REFUSES_FOR_MS = 20 * 60_000;
const MUTE_FOR_MS = 25 * 60_000;
const MOST_MINUTES = 360;
const ONE_IN = 100;
/** The keeper counts each minute, and one count may fail. */
const TOLD_WITHIN_MS = 150_000;

/** Numbers that follow from a seed: whole ones below a bound. */
function chanceOf(seed: number): (below: number) => number {
  let drawn = 0;
  return (below) => Number.parseInt(hash('sha256', `${seed} ${drawn++}`).slice(0, 8), 16) % below;
}

/**
 * Runs three trips through a plan of faults that follows from a seed: requests that are refused, replies that are lost, copies,
 * processes that die and stay dead for some seconds, a provider that loses requests and replies, or refunds nothing, executions
 * that somebody stops. Then nothing fails any more, operators decide what is stuck, and what is left is judged.
 */
export async function runPlan(seed: number): Promise<PlanReport> {
  const chance = chanceOf(seed);
  const faults: Record<string, number> = {};
  const happens = (fault: string, percent: number) => {
    const hit = isFailing && chance(ONE_IN) < percent;
    if (hit) faults[fault] = (faults[fault] ?? 0) + 1;
    return hit;
  };
  let isFailing = true;
  const dead = new Map<string, number>();
  const sent: string[] = [];
  const wire = async (request: StackRequest, apply: () => object): Promise<object> => {
    const { from, operation } = request;
    if (operation.startsWith('SendMessage')) sent.push(JSON.stringify(request.input));
    if (from === 'producer') return apply();
    if (operation === 'SendMessageBatch' && happens('delayed', 3)) delay(request, 30 + chance(90));
    const isMute = from === 'charge-trip' && operation === 'TransactWriteItems' && stack.now < muteUntil;
    if (isMute || (isFailing && (dead.get(from) ?? 0) > stack.now)) throw serviceError('TimeoutError');
    if (happens('refused', 3)) throw serviceError(from === 'states' ? 'ThrottlingException' : 'InternalServerError');
    if (from !== 'states' && happens('died before', 2)) return die(from);
    const answer = apply();
    if (operation.startsWith('SendMessage') && happens('copied', 10)) apply();
    if (happens('reply lost', 3))
      throw serviceError(from === 'states' ? 'InternalServerErrorException' : 'TimeoutError');
    if (from !== 'states' && happens('died after', 2)) return die(from);
    return answer;
  };
  const die = (from: string): never => {
    dead.set(from, stack.now + 1_000 * (1 + chance(20)));
    throw serviceError('TimeoutError');
  };
  const books = { charges: new Map<string, string>(), refunds: new Map<string, string>() };
  // The step charges, and cannot say so, until both its commands have timed out.
  const muteUntil = chanceOf(-seed)(ONE_IN) < 12 ? Date.UTC(2026, 0, 1) + MUTE_FOR_MS : 0;
  const refundsNothing = chance(4) === 0;
  // Longer than an undo is tried again.
  const refundsFrom = Date.UTC(2026, 0, 1) + REFUSES_FOR_MS;
  const stack: MemoryStack = new MemoryStack({
    seed,
    wire,
    subscribers: [Reserve, Charge, Ship],
    handlers: {
      'reserve-seats': reserveSeats,
      'ship-tickets': shipTickets,
      'charge-trip': chargeTripBy(providerIn(books, happens, () => refundsNothing && stack.now < refundsFrom)),
    },
    sagas: [BookTrip],
  }).row(Seats, { flight: 'LH1', left: SEATS, version: 1 });

  const trips = await Promise.all(
    [0, 1, 2].map(async (number) => {
      const to = chance(2) === 0 ? 'nowhere' : 'Lisbon';
      const trip = {
        tripId: `t${number}`,
        flight: 'LH1',
        seats: chance(5) === 0 ? SEATS + 1 : 1 + chance(3),
        cents: 100,
        to,
      };
      return { ...trip, ...(await publish(BookTrip, trip, { environment: stack.environment() })) };
    }),
  );
  await quietlyAdvance(stack, `${1 + chance(60)}s`);
  if (happens('stopped', 25)) await stopOne(stack, chance);
  if (happens('cancelled', 15)) await cancelOne(stack, chance);
  await quietlyAdvance(stack, `${MINUTES_OF_FAULTS}m`);
  isFailing = false;

  const stuck = new Set<string>();
  const violations: string[] = [];
  for (let minute = 0; minute < MOST_MINUTES; minute++) {
    await stack.advance('1m');
    const waiting = stuckIn(stack);
    for (const { execution, step, since } of waiting) {
      stuck.add(execution);
      // Somebody who is told looks, and decides.
      if (stack.now < since + TOLD_WITHIN_MS) continue;
      if ((stack.environmentOf('book-trip-keeper').counted['book-trip.saga-stuck'] ?? 0) === 0)
        violations.push(`${execution} is stuck at ${step}, and nobody is told`);
      await decideStuck(execution, 'retry', { saga: 'book-trip', step, environment: stack.environment() }).catch(
        () => undefined,
      );
    }
    if (waiting.length === 0 && trips.every(({ id }) => endOf(stack, id) !== undefined)) break;
  }
  violations.push(...judge(stack, trips, books, sent));
  const ends = trips.map(({ id }) => endOf(stack, id));
  return {
    seed,
    started: trips.length,
    completed: ends.filter((end) => end === 'completed').length,
    compensated: ends.filter((end) => end === 'compensated').length,
    stuck: stuck.size,
    faults,
    violations,
  };
}

type Books = Readonly<Record<'charges' | 'refunds', Map<string, string>>>;

function providerIn(
  { charges, refunds }: Books,
  happens: (fault: string, percent: number) => boolean,
  refundsNothing: () => boolean,
): PaymentProvider {
  const asked = async (book: Map<string, string>, reference: string, value: string): Promise<void> => {
    if (happens('provider has not heard', 10)) throw new Error('no answer');
    // A key of its own for each time that it was done: a second charge is not hidden by the first.
    book.set(book.has(reference) ? `${reference} again ${book.size}` : reference, value);
    if (happens('provider was not heard', 10)) throw new Error('no answer');
  };
  const found = (book: Map<string, string>, reference: string): boolean => {
    if (happens('provider is not to be asked', 20)) throw new Error('no answer');
    return book.has(reference);
  };
  return {
    charge: async (reference) => {
      await asked(charges, reference, reference);
      return { chargeId: `charge ${charges.size}` };
    },
    refund: async (reference, chargeId) => {
      if (refundsNothing()) throw new NotDone('no refunds today');
      await asked(refunds, reference, chargeId);
      return { refundId: `refund ${refunds.size}` };
    },
    findCharge: async (reference) => (found(charges, reference) ? { chargeId: 'found' } : undefined),
    findRefund: async (reference) => (found(refunds, reference) ? { refundId: 'found' } : undefined),
  };
}

function judge(
  stack: MemoryStack,
  trips: readonly { id: string; tripId: string; seats: number }[],
  { charges, refunds }: Books,
  sent: readonly string[],
): string[] {
  const violations: string[] = [];
  let taken = 0;
  for (const { id, tripId, seats } of trips) {
    const charged = [...charges.keys()].filter((key) => key.startsWith(id)).length;
    const refunded = [...refunds.keys()].filter((key) => key.startsWith(id)).length;
    const hasTicket = stack.read(Tickets, { tripId }) !== undefined;
    const end = endOf(stack, id);
    const isRight =
      end === 'completed'
        ? charged === 1 && refunded === 0 && hasTicket
        : end === 'compensated' && charged === refunded && charged <= 1 && !hasTicket;
    if (end === 'completed') taken += seats;
    const said = stack.ledger
      .items()
      .filter(({ type, envelope }) => type?.S?.startsWith('trip.') && envelope?.S?.includes(id));
    if (said.length !== 1) violations.push(`${tripId} has ended ${said.length} times`);
    if (!isRight)
      violations.push(
        `${tripId} is ${end ?? 'not ended'}: ${charged} charges, ${refunded} refunds, ${hasTicket ? 'a' : 'no'} ticket`,
      );
  }
  const left = stack.read(Seats, { flight: 'LH1' })?.left;
  if (left !== SEATS - taken) violations.push(`${left} seats are left, not ${SEATS - taken}`);
  const tokens = stack.ledger.items().flatMap(({ token }) => token?.S ?? []);
  if (tokens.some((token) => sent.some((body) => body.includes(token)))) violations.push('a token is on the wire');
  return violations;
}

function endOf(stack: MemoryStack, id: string): string | undefined {
  const row = stack.ledger.items().find(({ pk, sk }) => pk?.S === `saga#${id}` && sk?.S === '#end');
  return row?.state?.S;
}

function stuckIn(stack: MemoryStack): { readonly execution: string; readonly step: string; readonly since: number }[] {
  const rows = stack.ledger.items().filter(({ pk }) => pk?.S === stuckPartition('book-trip'));
  return rows.map(({ sk, step, since }) => ({
    execution: sk?.S?.split('#')[0] ?? '',
    step: step?.S ?? '',
    since: Number(since?.N),
  }));
}

/** Somebody cancels the message of a command: one to undo cannot be cancelled, and any other may have begun. */
async function cancelOne(stack: MemoryStack, chance: (below: number) => number): Promise<void> {
  const commands = stack.ledger.items().filter(({ type }) => type?.S?.startsWith('step.'));
  const id = commands[chance(Math.max(1, commands.length))]?.sk?.S;
  if (id) await cancel(id, { environment: stack.environment() }).catch(() => undefined);
}

function delay({ input }: StackRequest, seconds: number): void {
  for (const entry of (input as SendMessageBatchCommandInput).Entries ?? []) entry.DelaySeconds = seconds;
}

async function stopOne(stack: MemoryStack, chance: (below: number) => number): Promise<void> {
  const running = (stack.stepFunctions?.executions ?? []).filter(({ status }: ExecutionView) => status === 'RUNNING');
  const one = running[chance(Math.max(1, running.length))];
  if (one) stack.stepFunctions?.stop(one.arn);
}

/** What a function throws while it fails is its own to mend. */
async function quietlyAdvance(stack: MemoryStack, duration: Parameters<MemoryStack['advance']>[0]): Promise<void> {
  const end = stack.now + Number.parseInt(duration, 10) * (duration.endsWith('m') ? 60_000 : 1_000);
  while (stack.now < end) {
    try {
      await stack.advance(`${Math.ceil((end - stack.now) / 1_000)}s`);
    } catch {
      await stack.clock.advance(1_000);
    }
  }
}

function serviceError(name: string): Error {
  return Object.assign(new Error(`${name}, says the plan`), { name, $fault: 'server', $metadata: {} });
}

/** What a plan finds, for whoever plants a bug. */
export async function drill(seeds: readonly number[]): Promise<readonly string[]> {
  for (const seed of seeds) {
    const { violations } = await runPlan(seed);
    if (violations.length > 0) return [`plan ${seed}`, ...violations];
  }
  return [];
}
