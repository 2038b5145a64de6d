import { readdirSync, readFileSync } from 'node:fs';
import { type Plan, parsePlan } from '../../lib/simulator/plan/plan.ts';

/** A plan that has failed once, and what it had found. */
export interface CorpusPlan {
  /** The planted bug, or what was mended since. */
  readonly name: string;
  readonly plan: Plan;
}

const folder = new URL('./', import.meta.url);

/** Every plan of the corpus: each failed once, and none may fail again. */
export const corpus: readonly CorpusPlan[] = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .sort()
  .map((file) => ({ name: file.replace('.json', ''), plan: parsePlan(readFileSync(new URL(file, folder), 'utf8')) }));
