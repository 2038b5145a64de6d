import type { EndState } from '../ledger/rows/inbox.ts';

/** How a message has ended at subscribers, e.g. `has ended at payment (handled)`. */
export function endsInWords(ended: Readonly<Record<string, EndState>>): string {
  const ends = Object.entries(ended).map(([subscriber, state]) => `${subscriber} (${state})`);
  return ends.length > 0 ? `has ended at ${ends.join(', ')}` : 'was cancelled before';
}
