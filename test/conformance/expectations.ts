import { readFileSync } from 'node:fs';
import type { Outcomes } from './run-suites.ts';

/** Where an engine is known to differ from AWS. A case that is not named here must be right, or lack a feature. */
export interface Expectations {
  /** Case id → what is known of it. */
  readonly wrong: Readonly<Record<string, string>>;
  /** Case id → why: sometimes wrong and sometimes right, by timing. Neither is a surprise. */
  readonly unsteady?: Readonly<Record<string, string>>;
}

const FILE = new URL('expectations.json', import.meta.url);

/** The expectations of an engine by its name; none of an engine that is not in the file. */
export function expectationsOf(engine: string): Expectations {
  const all = JSON.parse(readFileSync(FILE, 'utf8')) as Record<string, Expectations>;
  return all[engine] ?? { wrong: {} };
}

/** What a run gave otherwise than expected, a sentence each. Nothing means that the run is as expected. */
export function surprises(outcomes: Outcomes, { wrong, unsteady = {} }: Expectations): string[] {
  const sentences: string[] = [];
  for (const [id, { verdict, what }] of outcomes) {
    if (id in unsteady) continue;
    if (verdict === 'wrong' && !(id in wrong)) sentences.push(`"${id}" was right, and is wrong now: ${what}.`);
    if (verdict !== 'wrong' && id in wrong) {
      sentences.push(`"${id}" was wrong (${wrong[id]}), and is ${verdict} now: take it out of expectations.json.`);
    }
  }
  return sentences;
}

/** Expectations of cases that there are not: misspelt, or left behind. */
export function orphans(engine: Expectations, ids: ReadonlySet<string>): string[] {
  return [...Object.keys(engine.wrong), ...Object.keys(engine.unsteady ?? {})].filter((id) => !ids.has(id));
}
