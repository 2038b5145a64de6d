import { redeliveryDelay } from '../backoff.ts';
import { concurrently } from '../concurrently.ts';
import type { Environment } from '../environment.ts';
import { errorCode } from '../error-code.ts';
import type { Graph } from './graph.ts';
import { dueOf, Inspection, type InspectionOptions } from './inspection.ts';
import { casesOf, closeCase, type OpenCase, rewriteCase } from './open-case.ts';
import { resend } from './resend.ts';

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
  /** Cases that are missing or quarantined after this run. */
  readonly missing: readonly OpenCase[];
  /** The oldest message that has not ended, as far as there is a case of it. */
  readonly oldest: string | undefined;
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
  readonly missing: OpenCase[] = [];
  oldest: string | undefined;
  deferred = 0;
  readonly #environment: Environment;
  readonly #options: HealOptions;
  readonly #inspection: Inspection;
  #budget: number;

  constructor(environment: Environment, options: HealOptions) {
    this.#environment = environment;
    this.#options = options;
    this.#inspection = new Inspection(environment, options);
    this.#budget = options.budget;
  }

  /** A case that is not to be looked at yet. */
  leave(opened: OpenCase): void {
    if (this.oldest === undefined || opened.id < this.oldest) this.oldest = opened.id;
    if (opened.state !== 'waiting') this.missing.push(opened);
  }

  async followUp(opened: OpenCase): Promise<unknown> {
    const { id, type, subscriber } = opened;
    const { graph } = this.#options;
    const route = graph.expectedOf(id, type).find((expected) => expected.subscriber === subscriber);
    // Whoever does not expect it any more lacks nothing.
    if (!route) return this.#close(opened);

    const finding = await this.#inspection.inspect({ id, route, due: dueOf(id, route) });
    if (finding.kind === 'ended') return this.#close(opened);
    const now = this.#environment.now();
    if (finding.kind !== 'missing') {
      return this.#rewrite(opened, { ...opened, state: 'waiting', next: now + Math.min(LATER, route.deadline) });
    }
    const { hop, evidence } = finding;
    const state = await this.#inspection.stateOf(route);
    const named: OpenCase = { ...opened, state: 'missing', hop, evidence };
    // What a consumer does not take is in its queue already.
    if (hop === 'consumer' && state.queued > 0) return this.#rewrite(opened, { ...named, next: now + LATER });
    if (opened.tries >= HEALING_TRIES) {
      return this.#rewrite(opened, { ...named, state: 'quarantined', next: now + LATER });
    }
    if (this.#budget <= 0) {
      this.deferred++;
      return this.#rewrite(opened, { ...named, next: now + LATER });
    }
    this.#budget--;
    const tries = opened.tries + 1;
    const pause = Math.max(state.visibilityTimeout, redeliveryDelay(tries) * LATER);
    // Written first: of two runs at once, one sends.
    const next: OpenCase = { ...named, tries, next: now + pause };
    return (await this.#rewrite(opened, next)) && this.#resend(next, route);
  }

  async #resend(opened: OpenCase, route: Parameters<typeof resend>[3]): Promise<void> {
    try {
      await resend(this.#environment, this.#options, opened.id, route);
      this.resent.push(opened);
    } catch (error) {
      // The next run tries again, until there are no tries left.
      const { id: messageId, subscriber } = opened;
      this.#environment.log.warn('not healed', { messageId, subscriber, error: errorCode(error) });
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
