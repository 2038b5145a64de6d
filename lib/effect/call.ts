import type { Duration } from '../contract/duration.ts';
import type { EffectAnswer, EffectDefinition, EffectInput, EffectRequest, EffectResult } from '../contract/effect.ts';
import type { Verified } from './answer.ts';

/** What `run` is given beside what the effect is asked for. */
export interface EffectRun {
  /** Names the effect to the service: the same at every run, of every delivery. At most 255 characters, unless it is the handler's own. */
  readonly key: string;
  /** Is aborted a second before the invocation's time is up. */
  readonly signal: AbortSignal;
}

interface CommonCall<Effect extends EffectDefinition> {
  /**
   * Asks the service for the effect. It makes one request, without retries of its own. `throw new NotDone(reason)` says that
   * the effect surely was not done; after any other error nobody knows.
   */
  run(input: EffectRequest<Effect>, context: EffectRun): Promise<EffectAnswer<Effect>> | EffectAnswer<Effect>;
  /**
   * What names the effect across messages, e.g. `orderId_paymentSequence`: a second message with the same key gets the first
   * one's result. While the first one's run may be under way, the second waits in place for at most 2 s, then comes again. It
   * costs a write more.
   * @default the message: each has the effect once
   */
  readonly key?: string;
  /** Tells the effects of one name apart where a message has several, e.g. a line's number. At most 64 characters. */
  readonly part?: string;
}

/** A call of an effect whose service can be asked what it did. */
export interface VerifiedCall<Effect extends EffectDefinition> extends CommonCall<Effect> {
  /** Asks the service whether the effect was done: only after a run of which nobody knows how it ended. */
  verify(
    input: EffectRequest<Effect>,
    context: Pick<EffectRun, 'key'>,
  ): Promise<Verified<EffectAnswer<Effect>>> | Verified<EffectAnswer<Effect>>;
  /** How long the service may still act on a request whose sender is gone. */
  readonly settle: Duration;
}

/** A call of an effect whose service keeps keys. */
export interface KeyedCall<Effect extends EffectDefinition> extends CommonCall<Effect> {
  readonly verify?: never;
  readonly settle?: never;
}

/** How an effect is called: with `verify` and `settle`, unless its service keeps keys. */
export type EffectCall<Effect extends EffectDefinition> = Effect['mode'] extends 'keyed'
  ? KeyedCall<Effect>
  : VerifiedCall<Effect>;

/** Has an effect done once, however often its message is handled. */
export type CallEffect<Effects extends EffectDefinition> = <Effect extends Effects>(
  effect: Effect,
  input: EffectInput<Effect>,
  call: EffectCall<Effect>,
) => Promise<EffectResult<Effect>>;
