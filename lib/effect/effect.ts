import { type Environment, environmentOf } from '../aws/environment.ts';
import { BINDINGS } from '../contract/bindings.ts';
import { type Duration, durationToMilliseconds } from '../contract/duration.ts';
import type { EffectDefinition, EffectInput, EffectResult } from '../contract/effect.ts';
import { InvalidDefinition, TransactionMisused } from '../contract/errors.ts';
import { ledgerOf } from '../ledger/ledger.ts';
import { effectAttribute, producerEffectsKey } from '../ledger/rows/effect.ts';
import type { EffectCall } from './call.ts';
import { Lease } from './lease.ts';
import { requestOf, wrongWay } from './request.ts';
import { runKeyed } from './run-keyed.ts';
import { runVerified } from './run-verified.ts';

/** What names an effect outside a consumer, and how long it may take. */
export interface EffectCallOptions {
  /** Names the effect, for this producer and to the service, e.g. an invoice's number: a second call with it gets the first one's answer. */
  readonly key: string;
  /**
   * How long the call may take, from 5 seconds to an hour. `run` stops when its `signal` is aborted, a second before: nothing else
   * ends it. For so long nobody else has the effect done.
   */
  readonly within: Duration;
  /** How long the answer is kept: after that, the same key is a new effect. @default '365d' */
  readonly keep?: Duration;
  /** @default the process's own: bindings from `process.env`, the AWS SDK's default credentials and region */
  readonly environment?: Environment;
}

/** How an effect is called outside a consumer. */
export type ProducerEffectCall<Effect extends EffectDefinition> = Omit<EffectCall<Effect>, 'key' | 'part'> &
  EffectCallOptions;

const SHORTEST_MS = 5_000;
const LONGEST_MS = 3_600_000;
const REQUEST_BYTES = 8;

/**
 * Has an effect done by a service outside from a producer or a script, once for its key, whatever dies in between. Whoever was
 * ended meanwhile calls again with the same key.
 *
 * It takes 2 writes of the ledger; 1 where the service keeps keys.
 *
 * @returns what the service answered, now or at an earlier call
 * @throws NotDone when `run` does: it surely was not done. Any other error of `run`: nobody knows, and the next call asks by `verify`
 * @throws EffectInProgress while another call may have it done: `comesAgain` says when to call again
 * @throws EffectUnknown when the service cannot tell; EffectInputChanged when the key was begun for another input
 * @throws InvalidPayload, LimitExceeded when the input or the answer does not satisfy its schema, or cannot be kept
 * @throws MissingBinding when the function was not given to `grantEffects`
 * @example
 * const transfer = await effect(Transfer, { iban, cents }, {
 *   key: `payroll-2026-03/${employee}`,
 *   within: '30s',
 *   run: (input, { key, signal }) => bank.transfer({ ...input, reference: key }, { signal }),
 *   verify: async (_, { key }) => {
 *     const found = await bank.find(key);
 *     return found ? done(found) : notDone();
 *   },
 *   settle: '2m',
 * });
 */
export async function effect<Effect extends EffectDefinition>(
  definition: Effect,
  input: EffectInput<Effect>,
  call: ProducerEffectCall<Effect>,
): Promise<EffectResult<Effect>> {
  // The run time knows no more than that one of the two ways to call it is meant.
  return (await runOnce(definition, input, call as AnyProducerCall)) as EffectResult<Effect>;
}

type AnyProducerCall = ProducerEffectCall<EffectDefinition<string, never, never>>;

async function runOnce(definition: EffectDefinition, input: unknown, call: AnyProducerCall): Promise<unknown> {
  const { key, within, keep = '365d', environment = environmentOf() } = call;
  refuseMisuse(definition, call);
  const { name } = definition;
  const producer = environment.variables[BINDINGS.producer] ?? 'producer';
  const now = environment.now();
  const request = `${producer}/${Buffer.from(environment.random(REQUEST_BYTES)).toString('hex')}`;
  const lease = new Lease({
    ledger: ledgerOf(environment),
    place: {
      key: producerEffectsKey(producer, key),
      attribute: effectAttribute(name),
      ttl: Math.ceil((now + durationToMilliseconds(keep)) / 1_000),
    },
    message: undefined,
    waits: true,
    request,
    deadline: now + durationToMilliseconds(within),
    effect: name,
    clockSkew: definition.clockSkew,
    key,
  });
  const asked = requestOf(definition, input);
  return definition.mode === 'keyed'
    ? await runKeyed(lease, definition, asked, call as never)
    : await runVerified(lease, definition, asked, call as never);
}

function refuseMisuse({ name, mode }: EffectDefinition, call: AnyProducerCall): void {
  const within = durationToMilliseconds(call.within);
  if (within < SHORTEST_MS || within > LONGEST_MS) {
    throw new InvalidDefinition(`The effect '${name}' may take ${call.within}: give \`within\` from '5s' to '1h'`);
  }
  const { verify, settle } = call as { readonly verify?: unknown; readonly settle?: unknown };
  if ((mode === 'verified') === (verify !== undefined && settle !== undefined)) return;
  throw new TransactionMisused(wrongWay(name, mode));
}
