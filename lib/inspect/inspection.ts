import { errorCode } from '../aws/errors.ts';
import { WAITS_FOR_PROVIDER } from '../contract/effect.ts';
import { PARKED_BEHIND } from '../contract/sequence.ts';
import { HighWater, receivable } from '../ledger/high-water.ts';
import { readInbox } from '../ledger/inbox.ts';
import { getRow, type Ledger } from '../ledger/ledger.ts';
import { isOfNewerFormat, readOutbox } from '../ledger/outbox.ts';
import { SCHEDULE } from '../ledger/receipt.ts';
import { dueKey } from '../ledger/rows/due.ts';
import { type FailureRow, failureKey } from '../ledger/rows/failure.ts';
import type { EndState } from '../ledger/rows/inbox.ts';
import type { Route } from '../ledger/rows/route.ts';
import { messageTime } from '../message/message-id.ts';
import { type Blocker, blockerOf } from './blocker.ts';
import { ReceiptBook } from './receipt-book.ts';
import { type ListEventSources, readSubscriberState, type SubscriberState } from './subscriber-state.ts';

/** A message that has not ended at a subscriber. */
export interface Suspect extends Delayable {
  readonly route: Route;
  /** When it should have ended, in milliseconds since the epoch. */
  readonly deadlineAt: number;
}

/** A message, as far as its moment needs it. */
export interface Delayable {
  readonly id: string;
  /** Of a delayed message: when it is to be delivered, in milliseconds since the epoch. */
  readonly deliverAt?: number;
}

/** When a message should have ended by a route, in milliseconds since the epoch. */
export function deadlineOf(message: Delayable, { deadline }: Route): number {
  return momentOf(message) + deadline;
}

/** When a message is to be delivered, in milliseconds since the epoch: when it was committed, or what its delay says. */
export function momentOf({ id, deliverAt = 0 }: Delayable): number {
  return Math.max(messageTime(id), deliverAt);
}

/** The hop at which a message stopped. */
export type Hop = 'producer' | 'relay' | 'broker' | 'consumer' | 'dead';

/** What became of a suspect. */
export type Finding =
  /** It has ended after all. */
  | { readonly kind: 'ended'; readonly state: EndState }
  /** It was cancelled before anybody knew that it is expected here: no inbox row says so yet. */
  | { readonly kind: 'cancelled' }
  /** Its moment has not come. `swept`: a `due#` row says when to send it; otherwise it was sent with a delay. */
  | { readonly kind: 'waiting'; readonly swept: boolean }
  /** A failed attempt rests until its next one. `evidence`: how often it failed, and with what. `behind`: it waits for its turn
   * in the order of its key. `paused`: it waits for its subscriber, whose circuit is not closed. */
  | { readonly kind: 'scheduled'; readonly evidence: string; readonly behind?: Blocker; readonly paused?: true }
  /** It is on its way, behind others. `hop`: where it waits, where that is known, and what says so. */
  | { readonly kind: 'late'; readonly hop?: Hop; readonly evidence?: string }
  | { readonly kind: 'missing'; readonly hop: Hop; readonly evidence: string }
  /** What would tell could not be read. `evidence`: `cannot be judged: ` and why. */
  | { readonly kind: 'unjudged'; readonly evidence: string };

export interface InspectionOptions {
  readonly ledger: string;
  readonly shards: number;
  readonly listEventSources?: ListEventSources;
}

/** What is not relayed this long after its deadline is missing, whether or not the relay has come past it. */
export const RELAY_PATIENCE_MS = 30_000;
/** The same for a stream's record, whose place in the stream nobody but Lambda knows. */
const STREAM_PATIENCE_MS = 300_000;

/**
 * Looks at suspects one by one, by consistent reads, and says at which hop each stopped. What several of them share (the
 * receipts of a minute, the state of a subscriber) is read once, so an inspection is for one moment. Whatever cannot be read
 * is a finding of the suspects that it concerns, and keeps nobody from looking at others.
 */
export class Inspection {
  readonly #ledger: Ledger;
  readonly #listEventSources: ListEventSources | undefined;
  readonly #receipts: ReceiptBook;
  readonly #states = new Map<string, Promise<SubscriberState>>();
  /** How far subscribers have come, by what was read of their inboxes for whatever reason. */
  readonly ended = new HighWater();

  /** @param listEventSources without it, nothing is known of event sources */
  constructor(ledger: Ledger, listEventSources?: ListEventSources) {
    this.#ledger = ledger;
    this.#listEventSources = listEventSources;
    this.#receipts = new ReceiptBook(ledger);
  }

  /** What became of a suspect. Never throws. */
  async inspect(suspect: Suspect): Promise<Finding> {
    try {
      return await this.#look(suspect);
    } catch (error) {
      return unjudged(`${errorCode(error)} while it was looked at`);
    }
  }

  async #look(suspect: Suspect): Promise<Finding> {
    const finding = (await this.#endOf(suspect)) ?? (await this.#judge(suspect));
    const waits = suspect.route.ordered && (finding.kind === 'missing' || finding.kind === 'late');
    const behind = waits ? await this.#blockerOf(suspect, finding.kind === 'missing') : undefined;
    if (behind) return { kind: 'scheduled', evidence: parkedBehind(behind), behind };
    if (finding.kind !== 'missing') return finding;
    // It may have ended since it was first looked at, and left the queue empty.
    return (await this.#endOf(suspect)) ?? this.#askOutbox(suspect, finding);
  }

  #blockerOf({ id, route }: Suspect, isLost: boolean): Promise<Blocker | undefined> {
    return blockerOf(this.#ledger, route.subscriber, id, { isLost });
  }

  async #endOf({ id, route }: Suspect): Promise<Finding | undefined> {
    const ended = await readInbox(this.#ledger, route.subscriber, id);
    if (!ended) return undefined;
    if (ended.hops.due !== undefined) this.ended.note(route.subscriber, receivable(ended.hops));
    return { kind: 'ended', state: ended.state };
  }

  /** What is missing everywhere may be so for what its outbox row says. */
  async #askOutbox({ id }: Suspect, finding: Finding & { readonly kind: 'missing' }): Promise<Finding> {
    const row = await readOutbox(this.#ledger, id);
    if (row?.cancelled !== undefined) return { kind: 'cancelled' };
    if (row && isOfNewerFormat(this.#ledger, row)) return unjudged('its row is of a newer format than is known here');
    if (finding.hop !== 'relay' || row?.sending !== 'pending') return finding;
    return { ...finding, hop: 'producer', evidence: 'its producer has not sent it: the handshake is pending' };
  }

  async #judge(suspect: Suspect): Promise<Finding> {
    const { id, route, deadlineAt, deliverAt } = suspect;
    const { subscriber, destination, deadline } = route;
    const now = this.#ledger.environment.now();
    if (deliverAt !== undefined && now < deliverAt) return this.#judgeWaiting(suspect, deliverAt);
    if (now < deadlineAt) return { kind: 'late' };
    const failure = await getRow<FailureRow>(this.#ledger, failureKey(subscriber, id));
    // After a failed attempt the deadline runs from the next one.
    if (failure && now < failure.next + deadline)
      return { kind: 'scheduled', evidence: `${failed(failure)} (${failure.detail})` };

    const state = await this.stateOf(route);
    if (failure) {
      if (state.paused) return { kind: 'scheduled', evidence: state.paused, paused: true };
      if (state.unreadable) return unjudged(state.unreadable);
      const evidence = `${failed(failure)}; the next was due at ${instant(failure.next)}`;
      return { kind: 'missing', hop: 'consumer', evidence: state.stopped ?? evidence };
    }
    const newestEnded = Math.max(state.newestEnded, this.ended.of(subscriber));
    const sent = await this.sentAt(suspect, route);
    if (sent === undefined) {
      const overtaken = newestEnded > deadlineAt;
      if (!overtaken && now < deadlineAt + RELAY_PATIENCE_MS) {
        return { kind: 'late', hop: 'relay', evidence: `nothing says yet that it was sent to '${subscriber}'` };
      }
      return { kind: 'missing', hop: 'relay', evidence: `no receipt says that it was sent to '${subscriber}'` };
    }
    if (state.paused) return { kind: 'scheduled', evidence: state.paused, paused: true };
    if (state.unreadable) return unjudged(state.unreadable);
    if (state.stopped) return { kind: 'missing', hop: 'consumer', evidence: state.stopped };
    // What was sent with a delay is received only after it.
    const relayed = Math.max(sent, deliverAt ?? 0);
    const overtaken = newestEnded > relayed + deadline;
    const isPatient = destination.kind === 'stream' && now < deadlineAt + STREAM_PATIENCE_MS;
    if (!overtaken && (state.queued > 0 || isPatient)) {
      const among = state.queued > 0 ? `: ${state.queued} are in its queue` : '';
      return { kind: 'late', hop: 'consumer', evidence: `sent at ${instant(sent)}, not received yet${among}` };
    }
    const why = overtaken ? `what was sent after it has ended` : 'the queue is empty';
    return { kind: 'missing', hop: 'broker', evidence: `sent at ${instant(sent)}, never received, and ${why}` };
  }

  async #judgeWaiting(suspect: Suspect, deliverAt: number): Promise<Finding> {
    const { id, route } = suspect;
    if (await getRow(this.#ledger, dueKey(id, deliverAt))) return { kind: 'waiting', swept: true };
    if (await this.isSentWithDelay(suspect)) return { kind: 'waiting', swept: false };
    const now = this.#ledger.environment.now();
    if (now < messageTime(id) + route.deadline + RELAY_PATIENCE_MS) return { kind: 'late' };
    return { kind: 'missing', hop: 'relay', evidence: 'nothing says that it was put to wait for its moment' };
  }

  /** Whether a receipt says that a message waits in a queue for its moment. */
  async isSentWithDelay({ id, deliverAt = 0, route }: Omit<Suspect, 'deadlineAt'>): Promise<boolean> {
    const sent = await this.sentAt({ id, deliverAt }, route);
    return (sent ?? (await this.#receipts.sentAt(id, SCHEDULE, deliverAt))) !== undefined;
  }

  /** When the relay had sent a message by this route, in milliseconds since the epoch, if a receipt says so. */
  sentAt({ id, deliverAt }: Delayable, { subscriber, destination }: Route): Promise<number | undefined> {
    return this.#receipts.sentAt(id, destination.kind === 'queue' ? subscriber : destination.name, deliverAt);
  }

  /** The subscriber behind a route, as it was when first asked for. */
  stateOf(route: Route): Promise<SubscriberState> {
    const known = this.#states.get(route.subscriber);
    if (known !== undefined) return known;
    const state = readSubscriberState(this.#ledger, route, this.#listEventSources);
    this.#states.set(route.subscriber, state);
    return state;
  }
}

function parkedBehind({ id, state }: Blocker): string {
  return `${PARKED_BEHIND} '${id}', which ${state === 'dead' ? 'is dead: redrive or skip it' : 'has not ended'}`;
}

function unjudged(why: string): Finding {
  return { kind: 'unjudged', evidence: `cannot be judged: ${why}` };
}

function instant(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

function failed({ attempts, reason }: FailureRow): string {
  if (reason === 'effect-in-progress') return WAITS_FOR_PROVIDER;
  return `${attempts > 0 ? `${attempts} attempts failed, at last with` : 'it waited for'} ${reason}`;
}
