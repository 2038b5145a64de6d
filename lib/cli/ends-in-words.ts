import type { EndOrBegun } from '../cancel/cancel-message.ts';

/** How a message has ended at subscribers, e.g. `has ended at payment (handled)`. */
export function endsInWords(ended: Readonly<Record<string, EndOrBegun>>): string {
  const ends = Object.entries(ended).map(([subscriber, state]) => `${subscriber} (${state})`);
  return ends.length > 0 ? `has ended at ${ends.join(', ')}` : 'was cancelled before';
}
