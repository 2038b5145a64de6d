import type { Case, Feature } from './case.ts';
import type { Clients } from './clients.ts';
import type { Scratch } from './scratch.ts';

export type Verdict = 'right' | 'wrong' | 'unsupported';

/** What came of a case on an engine. */
export interface Outcome {
  readonly verdict: Verdict;
  /** What the engine did that AWS does not, or what it lacks. */
  readonly what?: string;
}

/** Why a case is not asked of an engine, `undefined` where it is. */
export function missing(one: Case, features: ReadonlySet<Feature>): string | undefined {
  const lacking = one.needs.filter((feature) => !features.has(feature));
  return lacking.length > 0 ? `it has no ${lacking.join(', ')}` : undefined;
}

/** Asks an engine. Never throws: what the engine does is the outcome. */
export async function runCase(
  one: Case,
  aws: Clients,
  scratch: Scratch & { clean?(): Promise<void> },
): Promise<Outcome> {
  const seconds = one.seconds ?? 40;
  const late = new Error(`it did not come to an end within ${seconds} s`);
  let timer: NodeJS.Timeout | undefined;
  try {
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(late), seconds * 1000);
    });
    await Promise.race([one.run(aws, scratch), limit]);
    return { verdict: 'right' };
  } catch (error) {
    return judged(error);
  } finally {
    clearTimeout(timer);
    await scratch.clean?.();
  }
}

function judged(error: unknown): Outcome {
  if (!(error instanceof Error)) return { verdict: 'wrong', what: String(error) };
  const isUnsupported = 'code' in error && error.code === 'unsupported-by-engine';
  const isAssertion = 'code' in error && error.code === 'ERR_ASSERTION';
  const text =
    isUnsupported || isAssertion || error.name === 'Error' ? error.message : `${error.name}: ${error.message}`;
  const [line = ''] = text.split('\n');
  return { verdict: isUnsupported ? 'unsupported' : 'wrong', what: line.slice(0, 300) };
}
