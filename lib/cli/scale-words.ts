import type { ScaleRow, Verdict } from '../ledger/rows/scale.ts';

/** How much a subscriber takes on at once, as `waybill subscriber ls` says it. */
export interface Scale {
  /** Invocations at once that its scaler wants, and between how many it scales. */
  readonly concurrency: number;
  readonly min?: number;
  readonly max?: number;
  /** What the last reading of its backlog said that was written down, and when it was taken. */
  readonly verdict: Verdict;
  readonly readAt: string;
  /** When `concurrency` changed last; absent where it never has. */
  readonly changedAt?: string;
  /** Whether its event source is known to be set to it. */
  readonly isSet: boolean;
}

/** What a scaler's row says; `undefined` where there is none. */
export function scaleOf(row: ScaleRow | undefined): Scale | undefined {
  if (!row) return undefined;
  const { concurrency, min, max, verdict, at, changedAt, applied } = row;
  return {
    concurrency,
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
    verdict,
    readAt: new Date(at).toISOString(),
    ...(changedAt !== undefined && { changedAt: new Date(changedAt).toISOString() }),
    isSet: applied === concurrency,
  };
}

const WORDS: Readonly<Record<Verdict, string>> = { up: ', and more is wanted', down: ', and less would do', hold: '' };

export function scaleInWords({ concurrency, min, max, verdict, changedAt, isSet }: Scale): string {
  const bounds = min === undefined || max === undefined ? '' : `, of ${min} to ${max}`;
  const change = changedAt === undefined ? 'never changed' : `changed last at ${changedAt}`;
  return `scales: ${concurrency} at once${bounds}${WORDS[verdict]}; ${change}${isSet ? '' : '; not set yet'}`;
}
