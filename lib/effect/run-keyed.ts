import type { EffectDefinition } from '../contract/effect.ts';
import { EffectUnknown } from '../contract/errors.ts';
import type { KeyedCall } from './call.ts';
import type { Lease } from './lease.ts';
import { type EffectRequestOf, resultIn, resultOf } from './request.ts';

/**
 * Has an effect done by a service that keeps keys: however often it is asked, it does it once, as long as it keeps the key.
 * When that began is written before the first request.
 *
 * @throws EffectUnknown once the service may have forgotten the key
 */
export async function runKeyed(
  lease: Lease,
  effect: EffectDefinition,
  { input, digest }: EffectRequestOf,
  { run }: KeyedCall<EffectDefinition>,
): Promise<unknown> {
  const { idempotentFor = 0, clockSkew } = effect;
  const found = await lease.take(digest);
  if (found?.result !== undefined) return resultIn(effect, found.result);
  if (found && lease.now() > found.since + idempotentFor - clockSkew) {
    throw new EffectUnknown(
      `The effect '${lease.effect}' was begun at ${new Date(found.since).toISOString()}, and its service may no longer know its key: find out, then say so by \`waybill effect\``,
      true,
    );
  }
  const answer = await lease.ask((signal) => run(input, { key: lease.key, signal }));
  return resultOf(effect, answer).result;
}
