import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type Duration, durationToMilliseconds } from './duration.ts';
import { InvalidDefinition } from './errors.ts';
import { requireStandardSchema, type SchemaInput, type SchemaOutput } from './schema.ts';

/**
 * How an effect outside is kept from happening twice. `verified`: the service can be asked whether it was done. `keyed`:
 * the service keeps the key of a request for a while, and answers the second one as it did the first.
 */
export type EffectMode = 'verified' | 'keyed';

/** An effect on a service outside, such as a charge at a payment provider. */
export interface EffectDefinition<
  Name extends string = string,
  Input extends StandardSchemaV1 = StandardSchemaV1,
  Output extends StandardSchemaV1 = StandardSchemaV1,
  Mode extends EffectMode = EffectMode,
> {
  readonly name: Name;
  readonly mode: Mode;
  /** Of what the service is asked for. */
  readonly input: Input;
  /** Of what it answers: JSON of at most 64 KB. */
  readonly output: Output;
  /** Of a keyed effect: milliseconds for which the service keeps a key, from the first request on. */
  readonly idempotentFor?: number;
  /** Milliseconds by which the clocks of two machines may differ. */
  readonly clockSkew: number;
}

/** What the evidence of a message begins with of whose effect nobody can know yet. */
export const WAITS_FOR_PROVIDER = 'it waits for a provider';

/** What `defineEffect` takes besides the name. */
export interface EffectOptions<Input extends StandardSchemaV1, Output extends StandardSchemaV1> {
  /** Any synchronous Standard Schema over JSON. */
  readonly input: Input;
  /** Any synchronous Standard Schema over JSON. What `run` returns must satisfy it; handlers see its output. */
  readonly output: Output;
  /**
   * How long the service keeps the key of a request and answers a second one as it did the first, e.g. '24h'. Calls of the
   * effect then need no `verify`.
   * @default it keeps none, so that calls need `verify`
   */
  readonly idempotentFor?: Duration;
  /**
   * By how much the clocks of two machines may differ. AWS refuses requests of a machine whose clock is wrong by more than
   * the default. Where all run on one machine, as in a test, a shorter one spares waiting.
   * @default '5m'
   * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html
   */
  readonly clockSkew?: Duration;
}

/** What an effect is asked for, as handlers give it. */
export type EffectInput<Effect> = SchemaInput<Effect, 'input'>;

/** What an effect is asked for, as its schema makes it and `run` sees it. */
export type EffectRequest<Effect> = SchemaOutput<Effect, 'input'>;

/** What `run` and `verify` answer with. */
export type EffectAnswer<Effect> = SchemaInput<Effect, 'output'>;

/** What a handler gets. */
export type EffectResult<Effect> = SchemaOutput<Effect, 'output'>;

const EFFECT_NAME = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;

/**
 * Declares an effect outside DynamoDB. The subscribers that have it name it in their `effects`, and their handlers call it
 * by `message.effect`.
 *
 * @throws InvalidDefinition when the name, a schema or a duration cannot work
 * @example
 * const Charge = defineEffect('charge', {
 *   input: z.object({ orderId: z.string(), cents: z.int().positive() }),
 *   output: z.object({ id: z.string() }),
 * });
 */
export function defineEffect<
  const Name extends string,
  Input extends StandardSchemaV1,
  Output extends StandardSchemaV1,
  const Options extends { readonly idempotentFor?: Duration },
>(
  name: Name,
  options: EffectOptions<Input, Output> & Options,
): EffectDefinition<Name, Input, Output, Options extends { readonly idempotentFor: Duration } ? 'keyed' : 'verified'> {
  const { input, output, idempotentFor, clockSkew = '5m' } = options;
  if (typeof name !== 'string' || !EFFECT_NAME.test(name) || name.length > 48) {
    throw new InvalidDefinition(
      `'${name}' is not an effect name: give at most 48 characters of lower-case words joined by '-', e.g. 'charge'`,
    );
  }
  requireStandardSchema(input, `${name}, its input`);
  requireStandardSchema(output, `${name}, its output`);
  const kept = idempotentFor === undefined ? undefined : durationToMilliseconds(idempotentFor);
  const skew = durationToMilliseconds(clockSkew);
  if (kept !== undefined && kept <= skew) {
    throw new InvalidDefinition(
      `'${name}' is idempotent for ${idempotentFor}, which is no longer than clocks may differ (${clockSkew}): leave \`idempotentFor\` out, and give \`verify\``,
    );
  }
  const definition: EffectDefinition<Name, Input, Output> = {
    name,
    mode: kept === undefined ? 'verified' : 'keyed',
    input,
    output,
    ...(kept !== undefined && { idempotentFor: kept }),
    clockSkew: skew,
  };
  return definition as ReturnType<typeof defineEffect<Name, Input, Output, Options>>;
}
