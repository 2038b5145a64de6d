import type { EndState } from '../ledger/rows/inbox.ts';

/** What became of a record. */
export type Outcome =
  /** Its message ended by this delivery. */
  | { readonly kind: Exclude<EndState, 'cancelled'> }
  /** Its message had ended before, also where its producer has cancelled it. */
  | { readonly kind: 'already' }
  /** Its subscriber does not consume it. */
  | { readonly kind: 'skipped' }
  /** It must come again. */
  | { readonly kind: 'again' }
  /** Its moment, in milliseconds since the epoch, is still to come: a wait is neither an attempt nor a failure. */
  | { readonly kind: 'early'; readonly deliverAt: number };

/** A record that must come again, as a failed one or after a wait. */
export function comesAgain(outcome: Outcome | undefined): boolean {
  return outcome === undefined || outcome.kind === 'again' || outcome.kind === 'early';
}
