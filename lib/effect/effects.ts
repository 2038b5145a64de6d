import type { Environment } from '../aws/environment.ts';
import type { EffectDefinition } from '../contract/effect.ts';
import { hasCode, TransactionMisused } from '../contract/errors.ts';
import { ledgerOf } from '../ledger/ledger.ts';
import { effectAttribute, effectsKey, sharedEffectsKey } from '../ledger/rows/effect.ts';
import { ttlAfter } from '../ledger/rows/layout.ts';
import type { Envelope } from '../message/envelope.ts';
import type { CallEffect, EffectCall } from './call.ts';
import { Lease } from './lease.ts';
import { requestOf, wrongWay } from './request.ts';
import { runKeyed } from './run-keyed.ts';
import { runVerified } from './run-verified.ts';

/** A run of a handler, as far as its effects outside need it. */
export interface EffectContext {
  readonly environment: Environment;
  readonly bindings: { readonly ledger: string; readonly shards: number };
  readonly subscriber: { readonly name: string; readonly effects: readonly EffectDefinition[] };
  readonly envelope: Envelope;
  /** Whose its effects are, and when their row may go, in seconds since the epoch. @default the message's, until it can come no more */
  readonly of?: EffectsOwner | undefined;
  /** Who runs it: the request of its invocation. */
  readonly request: string;
  /** When its invocation is ended from outside, in milliseconds since the epoch. */
  readonly deadline: number;
  /** The effects that are under way in its invocation, which does not return before they have settled. */
  readonly underWay: Set<Promise<unknown>>;
  /** Throws where the message may have no effect yet. @default it may */
  readonly before?: (() => Promise<void>) | undefined;
}

/** What effects belong to: the same for several messages that ask for them once together. */
export interface EffectsOwner {
  readonly id: string;
  readonly ttl: number;
}

type AnyCall = EffectCall<EffectDefinition<string, never, never>> & { readonly key?: string; readonly part?: string };

const MAX_PART = 64;

/** The effects outside that one run of a handler asks for. */
export class Effects {
  readonly #context: EffectContext;
  readonly #called = new Set<string>();
  /** Why the run must not commit, whatever its handler has made of the error. */
  failed: { readonly error: unknown } | undefined;
  #pending = 0;
  #closed = false;

  constructor(context: EffectContext) {
    this.#context = context;
  }

  /** What handlers call. */
  readonly call = ((effect: EffectDefinition, input: unknown, call: AnyCall): Promise<unknown> => {
    const result = this.#once(effect, input, call);
    const { underWay } = this.#context;
    this.#pending++;
    underWay.add(result);
    const settled = () => {
      this.#pending--;
      underWay.delete(result);
    };
    result.then(settled, (error: unknown) => {
      settled();
      // What surely was not done may be caught, and done without.
      if (!hasCode(error, 'effect-not-done')) this.failed ??= { error };
    });
    return result;
  }) as CallEffect<EffectDefinition>;

  /**
   * Ends the run: nothing may be called any more.
   *
   * @throws TransactionMisused when the handler did not wait for an effect
   * @throws whatever an effect has failed with, but for NotDone, though the handler has caught it
   */
  end(): void {
    this.#closed = true;
    if (this.failed) throw this.failed.error;
    if (this.#pending > 0) {
      throw new TransactionMisused(
        `The handler returned while ${this.#pending} of its effects were under way: await each \`message.effect\``,
      );
    }
  }

  async #once(effect: EffectDefinition, input: unknown, call: AnyCall): Promise<unknown> {
    const { environment, bindings, subscriber, envelope, request, deadline } = this.#context;
    this.#refuseMisuse(effect, call);
    await this.#context.before?.();
    const { part, key } = call;
    const { of = { id: envelope.id, ttl: ttlAfter(envelope.expires) } } = this.#context;
    const own = effectsKey(subscriber.name, of.id);
    const place = {
      key: key === undefined ? own : sharedEffectsKey(subscriber.name, key),
      attribute: effectAttribute(effect.name, part),
      ttl: of.ttl,
    };
    const name = part === undefined ? effect.name : `${effect.name}/${part}`;
    const lease = new Lease({
      ledger: ledgerOf(environment, bindings),
      place,
      message: key === undefined ? undefined : own,
      waits: key !== undefined,
      request,
      deadline,
      effect: name,
      clockSkew: effect.clockSkew,
      key: key ?? `${of.id}/${subscriber.name}/${name}`,
    });
    const asked = requestOf(effect, input);
    return effect.mode === 'keyed'
      ? await runKeyed(lease, effect, asked, call as never)
      : await runVerified(lease, effect, asked, call as never);
  }

  #refuseMisuse({ name, mode }: EffectDefinition, { part, verify, settle }: AnyCall): void {
    const { subscriber } = this.#context;
    if (this.#closed) {
      throw new TransactionMisused(`The effect '${name}' was called after its handler had returned: await it`);
    }
    if (!subscriber.effects.some((effect) => effect.name === name)) {
      throw new TransactionMisused(
        `'${subscriber.name}' does not have the effect '${name}': add it to its \`effects\``,
      );
    }
    if (part !== undefined && (part === '' || part.length > MAX_PART)) {
      throw new TransactionMisused(
        `The part of the effect '${name}' has ${part.length} characters: give 1 to ${MAX_PART}`,
      );
    }
    if ((mode === 'verified') !== (verify !== undefined && settle !== undefined)) {
      throw new TransactionMisused(wrongWay(name, mode));
    }
    const called = part === undefined ? name : `${name}/${part}`;
    if (this.#called.has(called)) {
      throw new TransactionMisused(
        `The effect '${called}' was called twice for one message: give each call a \`part\` of its own, e.g. the number of its line`,
      );
    }
    this.#called.add(called);
  }
}
