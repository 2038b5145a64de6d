import { quietly } from '../aws/environment.ts';
import { errorTrace } from '../aws/errors.ts';
import { jitter } from '../aws/retry.ts';
import { EffectCancelled, EffectInProgress, EffectInputChanged } from '../contract/errors.ts';
import { type EffectPlace, moveEffect, noteSharedEffect, readEffect, takeEffect } from '../ledger/effect.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { EffectState } from '../ledger/rows/effect.ts';
import type { LedgerKey } from '../ledger/rows/layout.ts';

interface LeaseOptions {
  readonly ledger: Ledger;
  readonly place: EffectPlace;
  /** Where the message's own effects lie, if this one lies elsewhere. */
  readonly message: LedgerKey | undefined;
  /** Whether it waits a little for another who may be having the same effect done. */
  readonly waits: boolean;
  readonly request: string;
  /** When the invocation is ended from outside, in milliseconds since the epoch. */
  readonly deadline: number;
  /** The effect's name and part, for errors. */
  readonly effect: string;
  readonly clockSkew: number;
  /** Names the effect to the service. */
  readonly key: string;
}

/** Of an effect that an operator has had accept whatever it is asked for. */
export const ANY_INPUT = 'any';
/** Lambda has ended the invocation this long after its deadline. */
const ENDED_MS = 5_000;
/** Less is not enough to begin an effect. */
const ENOUGH_MS = 2_000;
/** The service is told to stop this long before the invocation's time is up. */
const STOP_MS = 1_000;
/** How soon a message comes again that found too little time. */
const SOON_MS = 1_000;
const OWNER_BYTES = 8;
/** Whoever has the same key as another waits for it in place for so long at most, then comes again. */
const LOCK_WAIT_MS = 2_000;

/**
 * The right to have one effect done. It lasts until Lambda has ended the invocation that took it, so that two owners never
 * run at once, and it is not lengthened. Each step is a conditional write that names its owner.
 */
export class Lease {
  readonly key: string;
  readonly effect: string;
  readonly #options: LeaseOptions;
  readonly #owner: string;
  /** As this owner has written it. */
  #held: EffectState | undefined;

  constructor(options: LeaseOptions) {
    const { environment } = options.ledger;
    this.#options = options;
    this.key = options.key;
    this.effect = options.effect;
    this.#owner = `${options.request}/${Buffer.from(environment.random(OWNER_BYTES)).toString('hex')}`;
  }

  now(): number {
    return this.#options.ledger.environment.now();
  }

  /**
   * Takes the effect for its first run.
   *
   * @returns the state that was there before; `undefined` where this is the first run
   * @throws EffectCancelled, EffectInputChanged
   * @throws EffectInProgress when too little time remains
   */
  async take(input: string): Promise<EffectState | undefined> {
    const { ledger, place, message, deadline } = this.#options;
    const now = this.now();
    if (now > deadline - ENOUGH_MS) {
      throw new EffectInProgress(`Too little time remains to begin the effect '${this.effect}'`, now + SOON_MS);
    }
    if (message) {
      const noted = await noteSharedEffect(ledger, { ...place, key: message }, this.key);
      if (noted.kind === 'refused') throw cancelled(this.effect);
    }
    const state: EffectState = {
      state: 'running',
      owner: this.#owner,
      generation: 1,
      since: now,
      until: deadline + ENDED_MS,
      input,
    };
    const { kind, row } = await takeEffect(ledger, place, state);
    this.#held = state;
    if (kind === 'written') return undefined;
    const found = row?.[place.attribute];
    if (!found) throw cancelled(this.effect);
    // A first try whose reply was lost.
    if (found.owner === this.#owner) return undefined;
    if (found.input !== input && found.input !== ANY_INPUT) {
      throw new EffectInputChanged(
        `The effect '${this.effect}' was begun for another input: decide by \`waybill effect\` whether it is the same`,
      );
    }
    return found;
  }

  /**
   * Waits in place, for at most 2 s, for another that has the same key and may be having the effect done.
   *
   * @returns what lies there then; `undefined` where the other gave the effect back, and this is its first run
   * @throws EffectCancelled, EffectInputChanged, EffectInProgress
   */
  async awaitOther(found: EffectState, input: string): Promise<EffectState | undefined> {
    const { ledger, place, waits, deadline } = this.#options;
    const { environment } = ledger;
    const by = Math.min(this.now() + LOCK_WAIT_MS, deadline - ENOUGH_MS);
    let seen = found;
    for (let looks = 0; waits && seen.state === 'running' && this.now() <= seen.until; looks++) {
      const pause = jitter(environment, looks);
      if (this.now() + pause > by) break;
      await environment.sleep(pause);
      const state = await readEffect(ledger, place);
      if (!state) return await this.take(input);
      seen = state;
    }
    return seen;
  }

  /**
   * Takes the effect from an owner that cannot run any more.
   *
   * @param settle milliseconds for which the service may still act on its request
   * @throws EffectInProgress while it may be running
   */
  async takeOver(found: EffectState, settle: number): Promise<void> {
    const { clockSkew, deadline } = this.#options;
    const settled = found.until + settle + clockSkew;
    if (this.now() < settled) {
      throw new EffectInProgress(`Another run may still have the effect '${this.effect}' done`, settled);
    }
    await this.#move(found, {
      ...found,
      owner: this.#owner,
      generation: found.generation + 1,
      until: deadline + ENDED_MS,
    });
  }

  /** Keeps what the service answered. */
  async complete(result: string): Promise<void> {
    const held = this.#held as EffectState;
    await this.#move(held, { ...held, state: 'done', result });
  }

  /** Gives the effect back: it surely was not done. Otherwise its end is unknown, which costs time alone. */
  release(): Promise<void> {
    return this.#leave(undefined);
  }

  /**
   * Ends the lease though nobody knows whether the effect was done, so that nobody waits for this owner.
   *
   * @param until when it has stopped
   */
  abandon(until = this.now()): Promise<void> {
    return this.#leave({ ...(this.#held as EffectState), until });
  }

  /** Runs what asks the service, with a signal that stops it in time. */
  async ask<Answer>(run: (signal: AbortSignal) => Promise<Answer> | Answer): Promise<Answer> {
    const { ledger, deadline } = this.#options;
    const { environment } = ledger;
    const stop = new AbortController();
    const asked = new AbortController();
    void environment.sleep(Math.max(0, deadline - STOP_MS - this.now()), asked.signal).then(() => {
      if (!asked.signal.aborted) stop.abort(new Error('The time of the invocation is nearly up'));
    });
    try {
      return await run(stop.signal);
    } finally {
      asked.abort('asked');
    }
  }

  async #move(seen: EffectState, next: EffectState): Promise<void> {
    const { ledger, place } = this.#options;
    const { kind, row } = await moveEffect(ledger, place, seen, next);
    this.#held = next;
    if (kind === 'written') return;
    const found = row?.[place.attribute];
    // A first try whose reply was lost.
    if (found?.owner === this.#owner && found.state === next.state) return;
    throw new EffectInProgress(`Another run has taken over the effect '${this.effect}'`, this.now() + SOON_MS);
  }

  async #leave(next: EffectState | undefined): Promise<void> {
    const { ledger, place } = this.#options;
    try {
      await moveEffect(ledger, place, this.#held as EffectState, next);
    } catch (error) {
      quietly(() => ledger.environment.log.warn('effect not given back', errorTrace(error)));
    }
  }
}

function cancelled(effect: string): EffectCancelled {
  return new EffectCancelled(`The message was cancelled before its effect '${effect}' began`);
}
