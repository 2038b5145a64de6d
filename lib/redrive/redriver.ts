import { quietly } from '../aws/environment.ts';
import { describeError } from '../aws/errors.ts';
import { METRICS } from '../contract/metrics.ts';
import { pausedBy, readCircuit } from '../ledger/circuit.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { readRedrive, wakeRedrive, writeRedrive } from '../ledger/redrive.ts';
import type { RedriveNotice, RedriveRow } from '../ledger/rows/redrive.ts';
import { isMessageId } from '../message/message-id.ts';
import { candidatesOf, committed } from './candidates.ts';
import { enterLetters } from './enter-letters.ts';
import { endRedrive, leavePlace } from './operation.ts';
import { fatesOf, sendWave } from './send-wave.ts';
import { letterBoxOf, SubscriberRoutes } from './subscriber-routes.ts';
import { dropStaleRows, type Swept, sweepLetters } from './sweep-letters.ts';
import { judgeWave, nextMoment, nextSize } from './wave.ts';

/** Nobody else works on an operation for so long: an invocation ends before. */
const LEASE_MS = 45_000;
/** A wave is looked at after so long, and the longer it takes, the less often. */
const SOONEST_LOOK_MS = 1_000;
const LATEST_LOOK_MS = 60_000;
const LOOKS = 10;
/** A wave that takes longer may have met an open circuit. */
const SLOW_MS = 5_000;
/** A message of which nothing is seen for so long is sent again: its copy may be lost, and the inbox decides. */
const LOST_MS = 10 * 60_000;
/** A subscriber whose circuit is open is looked at again after so long. */
const PAUSED_MS = 15_000;
/** Before SQS gives a notice up, it is sent anew. */
const RECEIVES = 80;

/** How the worker is called. */
export interface Shift {
  /** When to begin nothing more, in milliseconds since the epoch. */
  readonly until: number;
  /** How often the notice was received. */
  readonly receives: number;
}

/**
 * Works on an operation: sends a wave, waits for it, sends the next one. It may be killed at any step, and two may run at
 * once: the row is leased, and each write of it rests on what was read.
 *
 * @returns after how many seconds its notice is to come again; `undefined` when it is not
 */
export async function workOn(ledger: Ledger, { redrive }: RedriveNotice, shift: Shift): Promise<number | undefined> {
  const { environment } = ledger;
  const read = await readRedrive(ledger, redrive.subscriber, redrive.operation);
  if (!read) return undefined;
  if (hasEnded(read)) {
    await leavePlace(ledger, read);
    return undefined;
  }
  const now = environment.now();
  if (read.owner && (read.leased ?? 0) > now) return secondsOf((read.leased ?? 0) - now);
  const owner = Buffer.from(environment.random(8)).toString('hex');
  const leased = await writeRedrive(ledger, read, { owner, leased: now + LEASE_MS });
  if (!leased) return 1;
  const worker = new Worker(ledger, leased);
  const wait = await worker.work(shift.until);
  if (wait === undefined || shift.receives < RECEIVES) return wait;
  await wakeRedrive(ledger, redrive);
  return undefined;
}

function hasEnded({ state }: RedriveRow): boolean {
  return state === 'done' || state === 'stopped';
}

function secondsOf(milliseconds: number): number {
  return Math.max(1, Math.ceil(milliseconds / 1_000));
}

function lookAfter(age: number): number {
  return Math.min(LATEST_LOOK_MS, Math.max(SOONEST_LOOK_MS, age / LOOKS));
}

/** What a step comes to: milliseconds to wait before the next; `undefined` when it was the last. */
type Pause = number | undefined;

class Worker {
  readonly #ledger: Ledger;
  readonly #routes: SubscriberRoutes;
  #row: RedriveRow;
  #isEntered = false;

  constructor(ledger: Ledger, row: RedriveRow) {
    this.#ledger = ledger;
    this.#row = row;
    this.#routes = new SubscriberRoutes(ledger, row.subscriber);
  }

  /**
   * Takes steps until the time is up. Where one fails, the row says why, and is free for whoever tries next.
   *
   * @returns after how many seconds to go on
   */
  async work(until: number): Promise<number | undefined> {
    const { environment } = this.#ledger;
    for (;;) {
      let pause: Pause;
      try {
        pause = await this.#step(until);
      } catch (error) {
        await this.#leave(describeError(error));
        throw error;
      }
      if (pause === undefined) return undefined;
      if (environment.now() + pause >= until) {
        await this.#write({ owner: undefined, leased: undefined });
        return secondsOf(pause);
      }
      await environment.sleep(pause);
    }
  }

  async #step(until: number): Promise<Pause> {
    const { environment } = this.#ledger;
    const row = this.#row;
    const now = environment.now();
    if (row.state === 'sweeping') return this.#sweep(until);
    if (row.waves === 0 && !(await this.#entered(until))) return 0;
    if (row.until !== undefined && now >= row.until) return this.#stop('time');
    if (row.wave.open.length > 0) return this.#look();
    const verdict = judgeWave(row);
    if (verdict === 'stop') return this.#stop('relapse');
    const early = nextMoment(row) - now;
    if (early > 0) return early;
    const paused = await this.#isPaused();
    if (paused === undefined) return undefined;
    return paused ? PAUSED_MS : this.#send();
  }

  /**
   * Whether the subscriber's handler does not run: what is sent there would wait, and prove nothing.
   *
   * @returns undefined where somebody else has written the row
   */
  async #isPaused(): Promise<boolean | undefined> {
    const waits = pausedBy(await readCircuit(this.#ledger, this.#row.subscriber));
    const isSaid = waits === this.#row.waits || (await this.#write({ waits }));
    return isSaid ? waits !== undefined : undefined;
  }

  /** Asks what became of the wave that is out. */
  async #look(): Promise<Pause> {
    const { environment } = this.#ledger;
    const isSlow = environment.now() - this.#row.wave.at > SLOW_MS;
    const paused = isSlow && (await this.#isPaused());
    if (paused === undefined) return undefined;
    const row = this.#row;
    const fates = await fatesOf(this.#ledger, row);
    const open = row.wave.open.filter((id) => fates.get(id) === 'open');
    const ended = row.wave.open.filter((id) => fates.get(id) === 'ended').length;
    const relapsed = row.wave.open.length - open.length - ended;
    const lost = open.length > 0 && !paused && environment.now() - row.wave.at > LOST_MS;
    if (lost) await sendWave(this.#ledger, row, this.#routes, await committed(this.#ledger, open));
    const look = lookAfter(environment.now() - row.wave.at);
    if (ended === 0 && relapsed === 0 && !lost) return look;
    const wave = {
      ...row.wave,
      open,
      relapsed: row.wave.relapsed + relapsed,
      ...(lost && { at: environment.now() }),
    };
    const written = await this.#write({
      wave,
      handled: row.handled + ended,
      relapsed: row.relapsed + relapsed,
      leased: environment.now() + LEASE_MS,
    });
    if (!written) return undefined;
    const verdict = judgeWave(this.#row);
    if (verdict === 'stop') return this.#stop('relapse');
    return verdict === 'wait' ? look : 0;
  }

  /** Sends the next wave: then the row says so, so that one that was killed in between sends it again. */
  async #send(): Promise<Pause> {
    const { environment } = this.#ledger;
    const row = this.#row;
    const isFirst = row.wave.sent === 0;
    const size = isFirst ? row.wave.size : nextSize(row);
    const { candidates, cursor, last } = await candidatesOf(this.#ledger, row, this.#routes, size);
    if (candidates.length === 0 && last) {
      const written = await this.#write({ state: 'sweeping', cursor });
      return written ? 0 : undefined;
    }
    const sent = await sendWave(this.#ledger, row, this.#routes, candidates);
    const now = environment.now();
    const written = await this.#write({
      state: isFirst ? row.state : 'ramping',
      cursor,
      wave: { size, sent: sent.length, open: sent, relapsed: 0, at: now },
      waves: row.waves + (sent.length > 0 ? 1 : 0),
      sent: row.sent + sent.length,
      refused: row.refused + candidates.length - sent.length,
      unreadable: (row.unreadable ?? 0) + candidates.filter(({ id }) => !isMessageId(id)).length,
      leased: now + LEASE_MS,
    });
    return written ? 0 : undefined;
  }

  async #sweep(until: number): Promise<Pause> {
    const row = this.#row;
    const { swept, done } = await this.#swept(until);
    if (!done) {
      const written = await this.#write({
        swept: row.swept + swept,
        leased: this.#ledger.environment.now() + LEASE_MS,
      });
      return written ? 0 : undefined;
    }
    await this.#end({ state: 'done', swept: row.swept + swept });
    return undefined;
  }

  /** Whether what died before the ledger had rows of it is entered, if there is any. */
  async #entered(until: number): Promise<boolean> {
    const { subscriber, selection } = this.#row;
    if (selection.kind !== 'dead' || this.#isEntered) return true;
    const url = await letterBoxOf(this.#ledger, subscriber);
    this.#isEntered = url === undefined || (await enterLetters(this.#ledger, subscriber, url, until));
    return this.#isEntered;
  }

  /** A subscriber whose route does not say where its letters lie has none that could be swept. */
  async #swept(until: number): Promise<Swept> {
    const row = this.#row;
    const url = await letterBoxOf(this.#ledger, row.subscriber);
    const swept = url === undefined ? { swept: 0, done: true } : await sweepLetters(this.#ledger, row, url, until);
    if (swept.done) await dropStaleRows(this.#ledger, row);
    return swept;
  }

  async #stop(reason: NonNullable<RedriveRow['reason']>): Promise<undefined> {
    const { environment } = this.#ledger;
    const { subscriber, operation, relapsed, sent } = this.#row;
    const ended = await this.#end({ state: 'stopped', reason });
    if (!ended || reason === 'operator') return undefined;
    quietly(() => environment.log.error('redrive stopped', { subscriber, operation, reason, relapsed, sent }));
    quietly(() => {
      environment.metrics.count(METRICS.redriveStopped, 1);
      environment.metrics.flush();
    });
    return undefined;
  }

  /** Says why it could not go on. Where that fails too, its lease ends by itself. */
  async #leave(waits: string): Promise<void> {
    try {
      await this.#write({ waits, owner: undefined, leased: undefined });
    } catch (error) {
      quietly(() => this.#ledger.environment.log.warn('redrive not left', { error: describeError(error) }));
    }
  }

  #end(change: Partial<RedriveRow>): Promise<RedriveRow | undefined> {
    return endRedrive(this.#ledger, this.#row, { ...change, waits: undefined, owner: undefined, leased: undefined });
  }

  /** @returns false where somebody else has written the row: an operator has stopped it, or another worker has it */
  async #write(change: Partial<RedriveRow>): Promise<boolean> {
    const written = await writeRedrive(this.#ledger, this.#row, change);
    if (written) this.#row = written;
    return written !== undefined;
  }
}
