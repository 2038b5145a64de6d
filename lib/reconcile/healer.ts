import { errorCode } from '../aws/errors.ts';
import { redeliveryDelay } from '../aws/retry.ts';
import { BINDINGS } from '../contract/bindings.ts';
import { deadlineOf, type Finding, Inspection, momentOf } from '../inspect/inspection.ts';
import type { Graph } from '../ledger/graph.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { readOutbox } from '../ledger/outbox.ts';
import type { Route } from '../ledger/rows/route.ts';
import { type Case, closeCase, GIVEN_UP, openCase, rewriteCase } from './cases.ts';
import { endAs, endAsExpired } from './end-case.ts';
import type { BlockedKey, Healing, HealOptions, Standstill } from './healing.ts';
import { Outgoing } from './outgoing.ts';

/** A message is sent again so often; then somebody has to look. */
export const HEALING_TRIES = 8;
const LATER_MS = 60_000;
/** How long a rollback may take that brings a removed subscriber back. */
const ABANDON_AFTER_MS = 3_600_000;

/** What is found of a message that nobody waits for. */
const HAS_ENDED: ReadonlySet<Finding['kind']> = new Set(['ended', 'cancelled']);

/** Follows up cases one by one, within the budget of each subscriber. */
export class Healer {
  readonly #closed: Case[] = [];
  readonly #abandoned: Case[] = [];
  readonly #expired: Case[] = [];
  readonly #unjudged: Case[] = [];
  readonly #missing: Case[] = [];
  #oldest: number | undefined;
  readonly #stopped = new Map<string, Standstill>();
  readonly #blocked = new Map<string, BlockedKey>();
  #deferred = 0;
  readonly #ledger: Ledger;
  readonly #graph: Graph;
  readonly #inspection: Inspection;
  readonly #outgoing: Outgoing;
  /** Messages that were sent again, by subscriber. */
  readonly #spent = new Map<string, number>();
  readonly #budget: number;

  constructor(ledger: Ledger, { graph, budget, listEventSources }: HealOptions) {
    this.#ledger = ledger;
    this.#graph = graph;
    this.#inspection = new Inspection(ledger, listEventSources);
    this.#outgoing = new Outgoing(ledger);
    this.#budget = budget;
  }

  /** Writes down how far subscribers have come, for those that look later. */
  noteEnded(): Promise<void> {
    return this.#inspection.ended.write(this.#ledger);
  }

  healing(): Healing {
    return {
      closed: this.#closed,
      abandoned: this.#abandoned,
      expired: this.#expired,
      resent: this.#outgoing.resent,
      forwarded: this.#outgoing.forwarded,
      unjudged: this.#unjudged,
      missing: this.#missing,
      oldest: this.#oldest,
      deferred: this.#deferred,
      stopped: [...this.#stopped.values()],
      blocked: [...this.#blocked.values()],
    };
  }

  /** A case that is not to be looked at yet. */
  leave(left: Case): void {
    const moment = momentOf(left);
    if (moment <= this.#now) this.#oldest = Math.min(this.#oldest ?? moment, moment);
    if (left.behind) this.#noteBlocked(left.subscriber, left.behind);
    if (left.state === 'unjudged') this.#unjudged.push(left);
    else if (left.state !== 'waiting') this.#missing.push(left);
  }

  /**
   * Whether a case is part of a standstill that was told before: its message waits for a subscriber that is paused, or lies in
   * a queue that nothing reads, and looking at it again says nothing new.
   */
  async standsStill(one: Case): Promise<boolean> {
    const route = this.#routeOf(one);
    const isPaused = one.state === 'waiting' && one.paused === true;
    if (!route || !(isPaused || (one.state === 'missing' && one.hop === 'consumer'))) return false;
    if (this.#isGone(route) || this.#isExpired(one)) return false;
    const state = await this.#inspection.stateOf(route).catch(() => undefined);
    if (isPaused) return state?.paused !== undefined;
    if (!state?.stopped || state.paused || state.queued === 0) return false;
    const { subscriber } = one;
    const known = this.#stopped.get(subscriber) ?? { subscriber, reason: state.stopped, cases: 0 };
    this.#stopped.set(subscriber, known);
    known.cases++;
    return true;
  }

  /** Follows up one case. Whatever goes wrong with it keeps nobody from looking at others: the next run looks again. */
  async followUp(read: Case): Promise<void> {
    try {
      await this.#follow(read);
    } catch (error) {
      const { id, subscriber } = read;
      this.#ledger.environment.log.warn('not followed up', { messageId: id, subscriber, error: errorCode(error) });
      this.leave(read);
    }
  }

  async #follow(read: Case): Promise<unknown> {
    const { id, deliverAt } = read;
    const route = this.#routeOf(read);
    // A subscriber that does not expect the message any more lacks nothing.
    if (!route) return this.#close(read);
    if (this.#isGone(route)) return this.#abandon(read);

    const deadlineAt = deadlineOf(read, route);
    const finding = await this.#inspection.inspect({ id, deliverAt, route, deadlineAt });
    if (this.#isExpired(read) && !HAS_ENDED.has(finding.kind)) return this.#expire(read, route, finding);
    switch (finding.kind) {
      case 'ended':
        return this.#close(read);
      case 'cancelled':
        await endAs(this.#ledger, read, route, 'cancelled');
        return this.#close(read);
      case 'waiting':
        // Reconciliation comes past its `due#` row in its moment.
        if (finding.swept) return this.#close(read);
        return this.#rewrite(read, { ...waitingCase(read, finding), next: deadlineAt });
      case 'late':
      case 'scheduled':
        return this.#rewrite(read, {
          ...waitingCase(read, finding),
          next: this.#now + Math.min(LATER_MS, route.deadline),
        });
      case 'unjudged':
        return this.#rewrite(read, this.#unjudgedCase(read, finding.evidence));
      case 'missing':
        return this.#restore(read, route, finding);
    }
  }

  async #restore(read: Case, route: Route, { hop, evidence }: Finding & { kind: 'missing' }): Promise<unknown> {
    const now = this.#now;
    // What waits for its moment is not missing before it.
    const waits = now < momentOf(read);
    const named: Case = waits ? read : { ...read, state: 'missing', hop, evidence };
    const later = { ...named, next: now + LATER_MS };
    // Forwarding costs nobody else anything, so that it is not on the budget.
    if (hop === 'producer' && this.#outgoing.canForward)
      return (await this.#rewrite(read, later)) && this.#outgoing.forward(later);
    const state = await this.#inspection.stateOf(route);
    // What a consumer does not take is in its queue already; nothing is sent into an open circuit.
    if (state.paused) return this.#rewrite(read, later);
    if (hop === 'consumer' && state.queued > 0) return this.#rewrite(read, later);
    if (read.tries >= HEALING_TRIES) return this.#rewrite(read, { ...later, state: waits ? 'waiting' : GIVEN_UP });
    if (!this.#spend(read)) return this.#rewrite(read, later);
    const tries = read.tries + 1;
    const pause = Math.max(state.visibilityTimeout, redeliveryDelay(tries) * LATER_MS);
    // The try is written first: of two runs at once, one sends.
    const next: Case = { ...named, tries, next: waits ? Math.min(now + pause, momentOf(read)) : now + pause };
    if (!(await this.#rewrite(read, next))) return;
    return (waits || hop === 'producer') && this.#outgoing.canForward
      ? this.#outgoing.forward(next)
      : this.#outgoing.resend(next, route);
  }

  #noteBlocked(subscriber: string, { id: head, expires }: NonNullable<Case['behind']>): void {
    const key = `${subscriber} ${head}`;
    const known = this.#blocked.get(key) ?? { subscriber, head, expires, cases: 0 };
    this.#blocked.set(key, known);
    known.cases++;
  }

  /** What was given up stays so: somebody has to look. */
  #unjudgedCase(read: Case, evidence: string): Case {
    const next = this.#now + LATER_MS;
    return read.state === GIVEN_UP ? { ...read, next } : { ...read, state: 'unjudged', evidence, next };
  }

  get #now(): number {
    return this.#ledger.environment.now();
  }

  #routeOf({ id, type, subscriber }: Case): Route | undefined {
    return this.#graph.expectedOf(id, type).find((expected) => expected.subscriber === subscriber);
  }

  /** Whether its subscriber was removed so long ago that nothing brings it back. */
  #isGone({ until }: Route): boolean {
    const seconds = this.#ledger.environment.variables[BINDINGS.abandonAfter];
    const after = seconds === undefined ? ABANDON_AFTER_MS : Number(seconds) * 1_000;
    return until !== undefined && this.#now >= until + after;
  }

  /** Takes one message from its subscriber's budget, if there is any left. */
  #spend({ subscriber }: Case): boolean {
    const spent = this.#spent.get(subscriber) ?? 0;
    if (spent >= this.#budget) {
      this.#deferred++;
      return false;
    }
    this.#spent.set(subscriber, spent + 1);
    return true;
  }

  #isExpired({ expires }: Case): boolean {
    return expires !== undefined && this.#now >= expires;
  }

  /** Nobody handles it any more. A consumer that has it in its queue sends the letter once it comes to it. */
  async #expire(read: Case, route: Route, finding: Finding): Promise<void> {
    const isThere = finding.kind !== 'missing' || finding.hop === 'consumer';
    if (!isThere && !this.#spend(read))
      return void (await this.#rewrite(read, { ...read, next: this.#now + LATER_MS }));
    const state = await endAsExpired(this.#ledger, read, route, !isThere);
    await this.#close(read);
    if (state !== 'dead') return;
    this.#ledger.environment.log.warn('expired', { messageId: read.id, subscriber: read.subscriber });
    this.#expired.push(read);
  }

  /** Its subscriber was removed, and nothing has brought it back: whatever has not ended there never will. */
  async #abandon(read: Case): Promise<void> {
    const { id, subscriber } = read;
    const row = await readOutbox(this.#ledger, id);
    const route = this.#routeOf(read);
    const state = await endAs(this.#ledger, read, route, row?.cancelled === undefined ? 'abandoned' : 'cancelled');
    const successors = state === 'abandoned' ? this.#successorsOf(read) : [];
    const { type, businessLine, deliverAt, expires } = read;
    for (const successor of successors) {
      // As long as it is not open, the former's is: a run that dies here does it again.
      const opened = { id, type, businessLine, deliverAt, expires, subscriber: successor, state: 'waiting' } as const;
      await openCase(this.#ledger, { ...opened, tries: 0, next: this.#now });
    }
    await this.#close(read);
    if (state === 'abandoned' && successors.length === 0) {
      this.#ledger.environment.log.warn('abandoned', { messageId: id, subscriber });
      this.#abandoned.push(read);
    }
  }

  /** Who adopts what its subscriber has not ended. */
  #successorsOf({ id, type, subscriber }: Case): string[] {
    const routes = this.#graph.expectedOf(id, type).filter(({ adoptedFrom }) => adoptedFrom === subscriber);
    return routes.map((route) => route.subscriber);
  }

  async #close(ended: Case): Promise<void> {
    await closeCase(this.#ledger, ended);
    this.#closed.push(ended);
  }

  /** Where another run has looked at the case meanwhile, that one's word counts. */
  async #rewrite(read: Case, now: Case): Promise<boolean> {
    const written = await rewriteCase(this.#ledger, read, now);
    if (written) this.leave(now);
    return written;
  }
}

/** A case of a message that is on its way, or waits: for a dead one before it, or for its subscriber, where it is so. */
function waitingCase({ behind: _behind, paused: _paused, ...read }: Case, finding: Finding): Case {
  const { behind, paused } = finding.kind === 'scheduled' ? finding : {};
  const head = behind?.state === 'dead' ? behind : undefined;
  return {
    ...read,
    state: 'waiting',
    ...(head && { behind: { id: head.id, expires: head.expires } }),
    ...(paused && { paused }),
  };
}
