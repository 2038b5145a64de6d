import { concurrently } from '../aws/concurrently.ts';
import type { Environment } from '../aws/environment.ts';
import { errorCode } from '../aws/errors.ts';
import { redeliveryDelay } from '../aws/retry.ts';
import { BINDINGS } from '../contract/bindings.ts';
import { dueOf, type Finding, Inspection, type InspectionOptions, momentOf } from '../inspect/inspection.ts';
import type { Graph } from '../ledger/graph.ts';
import { writeEnding } from '../ledger/inbox.ts';
import type { Route } from '../ledger/rows/route.ts';
import { casesOf, closeCase, type OpenCase, rewriteCase } from './cases.ts';
import { committedEnvelope, forward, resend } from './resend.ts';

export interface HealOptions extends InspectionOptions {
  readonly graph: Graph;
  /** How many messages may be sent again in this run. */
  readonly budget: number;
}

/** What following up the open cases came to. */
export interface Healing {
  /** Cases of messages that have ended. */
  readonly closed: readonly OpenCase[];
  /** Messages that were sent again. */
  readonly resent: readonly OpenCase[];
  /** Messages that were put into the forward queue: their handshake was pending, or nothing had put them to wait. */
  readonly forwarded: readonly OpenCase[];
  /** Cases that are missing or quarantined after this run. */
  readonly missing: readonly OpenCase[];
  /** Since when the oldest message that has not ended should be under way, as far as there is a case of it. */
  readonly oldest: number | undefined;
  /** Messages that should have been sent again and were not, for want of budget. */
  readonly deferred: number;
}

/** A message is sent again so often; then somebody has to look. */
export const HEALING_TRIES = 8;
/** Cases that one run looks at, so that a subscriber that stood still for a day does not stop reconciliation. */
const CASES_A_RUN = 5_000;
const CASES_AT_ONCE = 16;
const LATER = 60_000;

/**
 * Follows up the open cases: closes those that have ended, and sends again what is missing, to the subscriber that lacks
 * it. What is late is left alone, and so is what a consumer that stands still will find in its queue. Each try is spaced
 * by the queue's visibility timeout at least, and a run sends no more than its budget: a subscriber that was paused for
 * an hour makes no storm.
 *
 * What its producer did not come to send, and a delayed message that nothing has put to wait, go into the ledger's forward
 * queue: the forwarder sends them to everybody who expects them, in their moment.
 */
export async function heal(environment: Environment, options: HealOptions): Promise<Healing> {
  const { ledger, shards } = options;
  const healer = new Healer(environment, options);
  const due: OpenCase[] = [];
  for (let shard = 0; shard < shards; shard++) {
    for await (const opened of casesOf(environment, ledger, shard)) {
      if (due.length >= CASES_A_RUN) break;
      if (opened.next <= environment.now()) due.push(opened);
      else healer.leave(opened);
    }
  }
  await concurrently(CASES_AT_ONCE, due, (opened) => healer.followUp(opened));
  return healer;
}

class Healer implements Healing {
  readonly closed: OpenCase[] = [];
  readonly resent: OpenCase[] = [];
  readonly forwarded: OpenCase[] = [];
  readonly missing: OpenCase[] = [];
  oldest: number | undefined;
  deferred = 0;
  readonly #environment: Environment;
  readonly #options: HealOptions;
  readonly #inspection: Inspection;
  /** A message has a case for each subscriber, and is forwarded once. */
  readonly #forwarding = new Map<string, Promise<void>>();
  #budget: number;

  constructor(environment: Environment, options: HealOptions) {
    this.#environment = environment;
    this.#options = options;
    this.#inspection = new Inspection(environment, options);
    this.#budget = options.budget;
  }

  /** A case that is not to be looked at yet. */
  leave(opened: OpenCase): void {
    const moment = momentOf(opened);
    if (moment <= this.#environment.now()) this.oldest = Math.min(this.oldest ?? moment, moment);
    if (opened.state !== 'waiting') this.missing.push(opened);
  }

  async followUp(opened: OpenCase): Promise<unknown> {
    const { id, type, subscriber, deliverAt } = opened;
    const { graph } = this.#options;
    const route = graph.expectedOf(id, type).find((expected) => expected.subscriber === subscriber);
    // Whoever does not expect it any more lacks nothing.
    if (!route) return this.#close(opened);

    const due = dueOf(opened, route);
    const finding = await this.#inspection.inspect({ id, deliverAt, route, due });
    const now = this.#environment.now();
    switch (finding.kind) {
      case 'ended':
        return this.#close(opened);
      case 'cancelled':
        return this.#endAsCancelled(opened);
      case 'waiting':
        // Reconciliation comes past its row in its moment.
        if (finding.swept) return this.#close(opened);
        return this.#rewrite(opened, { ...opened, state: 'waiting', next: due });
      case 'late':
      case 'scheduled':
        return this.#rewrite(opened, { ...opened, state: 'waiting', next: now + Math.min(LATER, route.deadline) });
      case 'missing':
        return this.#restore(opened, route, finding);
    }
  }

  async #restore(opened: OpenCase, route: Route, { hop, evidence }: Finding & { kind: 'missing' }): Promise<unknown> {
    const now = this.#environment.now();
    // What waits for its moment is not missing before it.
    const waits = now < momentOf(opened);
    const named: OpenCase = waits ? opened : { ...opened, state: 'missing', hop, evidence };
    const later = { ...named, next: now + LATER };
    const isForwarded = waits || hop === 'producer';
    // It costs nobody else anything, so that it is not on the budget.
    if (hop === 'producer' && this.#canForward) return (await this.#rewrite(opened, later)) && this.#forward(later);
    const state = await this.#inspection.stateOf(route);
    // What a consumer does not take is in its queue already.
    if (hop === 'consumer' && state.queued > 0) return this.#rewrite(opened, later);
    if (opened.tries >= HEALING_TRIES) {
      return this.#rewrite(opened, { ...later, state: waits ? 'waiting' : 'quarantined' });
    }
    if (this.#budget <= 0) {
      this.deferred++;
      return this.#rewrite(opened, later);
    }
    this.#budget--;
    const tries = opened.tries + 1;
    const pause = Math.max(state.visibilityTimeout, redeliveryDelay(tries) * LATER);
    // Written first: of two runs at once, one sends.
    const next: OpenCase = { ...named, tries, next: waits ? Math.min(now + pause, momentOf(opened)) : now + pause };
    if (!(await this.#rewrite(opened, next))) return;
    return isForwarded && this.#canForward ? this.#forward(next) : this.#resend(next, route);
  }

  get #canForward(): boolean {
    return Boolean(this.#environment.variables[BINDINGS.forwardQueueUrl]);
  }

  async #forward(opened: OpenCase): Promise<void> {
    const { id } = opened;
    const known = this.#forwarding.get(id);
    const forwarding = known ?? forward(this.#environment, this.#options, id);
    this.#forwarding.set(id, forwarding);
    const sent = await this.#try(opened, () => forwarding);
    if (sent && !known) this.forwarded.push(opened);
  }

  async #resend(opened: OpenCase, route: Route): Promise<void> {
    const sent = await this.#try(opened, () => resend(this.#environment, this.#options, opened.id, route));
    if (sent) this.resent.push(opened);
  }

  async #endAsCancelled(opened: OpenCase): Promise<void> {
    const { ledger } = this.#options;
    const now = this.#environment.now();
    const by = { attempts: 0, function: 'reconciler', request: '', redriven: false };
    const envelope = await committedEnvelope(this.#environment, ledger, opened.id);
    const { subscriber } = opened;
    await writeEnding(this.#environment, ledger, { subscriber, envelope, state: 'cancelled', received: now, ...by });
    return this.#close(opened);
  }

  /** Where it fails, the next run tries again, until there are no tries left. */
  async #try({ id, subscriber }: OpenCase, send: () => Promise<void>): Promise<boolean> {
    try {
      await send();
      return true;
    } catch (error) {
      this.#environment.log.warn('not healed', { messageId: id, subscriber, error: errorCode(error) });
      return false;
    }
  }

  async #close(opened: OpenCase): Promise<void> {
    await closeCase(this.#environment, this.#options.ledger, opened);
    this.closed.push(opened);
  }

  /** Where another run has looked at the case meanwhile, that one's word counts. */
  async #rewrite(read: OpenCase, now: OpenCase): Promise<boolean> {
    const written = await rewriteCase(this.#environment, this.#options.ledger, read, now);
    if (written) this.leave(now);
    return written;
  }
}
