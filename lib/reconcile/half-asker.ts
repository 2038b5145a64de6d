import { concurrently } from '../aws/concurrently.ts';
import { quietly } from '../aws/environment.ts';
import { errorCode } from '../aws/errors.ts';
import type { Counts } from '../aws/invocation.ts';
import { METRICS } from '../contract/metrics.ts';
import { HOUR_MS } from '../contract/time.ts';
import { requestCheckBacks, type Undecided } from '../half/check-back-request.ts';
import { markAsked, markUnanswered } from '../ledger/half.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Row } from '../ledger/partition.ts';
import type { HalfRow } from '../ledger/rows/half.ts';
import type { Write } from '../ledger/until-known.ts';

/** While anybody asks, a row says so anew every hour and a half at least. */
const SILENCE_MS = 3 * HOUR_MS;
const WRITES_AT_ONCE = 16;
/** For noting in a row what became of its half message. */
const WRITE_MS = 5_000;

/**
 * Has the producers asked of half messages that nobody asks for. That it did, it notes in their rows, so that a run that is
 * repeated does not do so again. Where that fails there are two requests: both end with the decision. Where a queue is gone
 * nobody can be asked, and the half message is unanswered.
 */
export class HalfAsker {
  /** Half messages that were asked for. */
  asked = 0;
  /** Ids of those whose queues are there, and did not take the request. */
  readonly unsent: string[] = [];
  readonly #ledger: Ledger;
  readonly #counts: Counts;

  constructor(ledger: Ledger, counts: Counts) {
    this.#ledger = ledger;
    this.#counts = counts;
  }

  /** @param rows of half messages, whatever became of them */
  async ask(rows: readonly Row[]): Promise<void> {
    const silent = rows.flatMap((row) => silentIn(row, this.#ledger.environment.now()));
    if (silent.length === 0) return;
    const { log } = this.#ledger.environment;
    const failed = await requestCheckBacks(this.#ledger.environment, silent, this.#counts);
    const [gone = [], unsent = []] = [true, false].map((is) => failed.filter((one) => one.gone === is));
    for (const { half, code } of unsent) {
      this.unsent.push(half);
      this.#counts.add('unasked');
      quietly(() => log.error('half message not asked for', { half, reason: code }));
    }
    const without = new Set(failed.map(({ half }) => half));
    const sent = silent.filter(({ sk }) => !without.has(sk));
    this.asked += sent.length;
    await concurrently(WRITES_AT_ONCE, sent, ({ sk }) => this.#note(sk));
    await this.giveUp(gone.map(({ half }) => half));
  }

  /** Notes that half messages cannot be asked for, so that an alarm tells. */
  async giveUp(halves: readonly string[]): Promise<void> {
    const { log, metrics } = this.#ledger.environment;
    await concurrently(WRITES_AT_ONCE, halves, async (half) => {
      const write = await this.#write(half, markUnanswered);
      if (write?.kind === 'refused') return;
      this.#counts.add('halves-quarantined');
      quietly(() => log.error('half message quarantined', { half }));
      quietly(() => metrics.count(METRICS.halfQuarantined, 1));
    });
  }

  async #note(half: string): Promise<void> {
    quietly(() => this.#ledger.environment.log.warn('half message asked for', { half }));
    await this.#write(half, markAsked);
  }

  /** What cannot be written is told, and not waited for. */
  async #write(half: string, write: typeof markAsked): Promise<Write<HalfRow> | undefined> {
    const { log, now } = this.#ledger.environment;
    try {
      return await write(this.#ledger, half, now() + WRITE_MS);
    } catch (error) {
      quietly(() => log.warn('not marked', { half, error: errorCode(error) }));
      return undefined;
    }
  }
}

/** The half message of a row, if it is undecided and nothing says that anybody asks for it. */
function silentIn({ sk, state, checkBackQueue, quarantined: unanswered, asked }: Row, now: number): Undecided[] {
  if (state?.S !== 'prepared' || unanswered || Number(asked?.N ?? 0) > now - SILENCE_MS) return [];
  return sk?.S && checkBackQueue?.S ? [{ sk: sk.S, checkBackQueue: checkBackQueue.S }] : [];
}
