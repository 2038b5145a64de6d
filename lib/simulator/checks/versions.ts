import type { RunRecord } from '../run/run-record.ts';
import type { System } from '../system.ts';
import { decoded, textsIn } from './evidence.ts';
import { TRAITS } from './trait.ts';

/** How often a subscriber was given a message of a version before its own, and after that of its former code. */
export function versionsIn(system: System, { entries }: RunRecord): Record<string, number> {
  const met: Record<string, number> = {};
  for (const entry of entries) {
    if (entry.kind !== 'invocation') continue;
    const consumes = system.subscribers.find(({ name }) => name === entry.actor)?.consumes.filter(hasVersions);
    if (!consumes || consumes.length === 0) continue;
    for (const text of textsIn(entry.event)) {
      const envelope = decoded(text);
      const event = consumes.find(({ type }) => type === envelope?.type);
      if (!envelope || !event) continue;
      const isNewest = envelope.version === event.version;
      const trait = isNewest ? entry.old && TRAITS.newerVersion : !entry.old && TRAITS.olderVersion;
      if (trait) met[trait] = (met[trait] ?? 0) + 1;
    }
  }
  return met;
}

function hasVersions({ version }: { readonly version: number }): boolean {
  return version > 1;
}
