import { durationToMilliseconds } from '../contract/duration.ts';
import type { EffectDefinition } from '../contract/effect.ts';
import { EffectUnknown, hasCode } from '../contract/errors.ts';
import type { Verified } from './answer.ts';
import type { VerifiedCall } from './call.ts';
import type { Lease } from './lease.ts';
import { type EffectRequestOf, resultIn, resultOf } from './request.ts';

type Call = VerifiedCall<EffectDefinition>;

/**
 * Has an effect done by one owner at a time. After a run of which nobody knows how it ended, the service is asked before it
 * is run again.
 *
 * @throws EffectUnknown when the service cannot tell
 * @throws EffectInProgress while another run may have it done
 */
export async function runVerified(
  lease: Lease,
  effect: EffectDefinition,
  { input, digest }: EffectRequestOf,
  { run, verify, settle }: Call,
): Promise<unknown> {
  const settleMs = durationToMilliseconds(settle);
  const taken = await lease.take(digest);
  const found = taken && (await lease.awaitOther(taken, digest));
  if (found?.state === 'done' && found.result !== undefined) return resultIn(effect, found.result);
  if (found) {
    await lease.takeOver(found, settleMs);
    const verified = await verifyBy(lease, input, verify);
    if (verified.kind === 'done') return await complete(lease, effect, verified.answer);
  }
  let answer: unknown;
  try {
    answer = await lease.ask((signal) => run(input, { key: lease.key, signal }));
  } catch (error) {
    await (hasCode(error, 'effect-not-done') ? lease.release() : lease.abandon());
    throw error;
  }
  return await complete(lease, effect, answer);
}

/** What the service says. Nothing of this owner is under way there, so that nobody has to wait for it. */
async function verifyBy(
  lease: Lease,
  input: unknown,
  verify: Call['verify'],
): Promise<Exclude<Verified<unknown>, { readonly kind: 'unknown' }>> {
  let verified: Verified<unknown>;
  try {
    verified = await lease.ask(() => verify(input, { key: lease.key }));
  } catch (error) {
    await lease.abandon(0);
    throw error;
  }
  if (verified?.kind === 'done' || verified?.kind === 'notDone') return verified;
  await lease.abandon(0);
  throw new EffectUnknown(`The service cannot tell whether the effect '${lease.effect}' was done`);
}

async function complete(lease: Lease, effect: EffectDefinition, answer: unknown): Promise<unknown> {
  let kept: ReturnType<typeof resultOf>;
  try {
    kept = resultOf(effect, answer);
  } catch (error) {
    // It was done: only its answer cannot be kept, and mended code finds it by asking.
    await lease.abandon();
    throw error;
  }
  await lease.complete(kept.kept);
  return kept.result;
}
