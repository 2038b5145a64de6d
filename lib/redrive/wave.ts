import type { RedriveRow, RedriveWave } from '../ledger/rows/redrive.ts';

/** Seconds of the greatest rate that a wave holds, and messages that any wave holds at most. */
const WAVE_SECONDS = 5;
const MOST = 500;

/** What is known of a message that a wave has sent. */
export type Fate = 'open' | 'ended' | 'relapsed';

/** What the rows of a message say, as far as a wave asks. */
export interface Traces {
  /** Of its inbox row. */
  readonly state?: string | undefined;
  /** The operation that had sent it before it ended, and before it failed. */
  readonly endedBy?: string | undefined;
  readonly failedBy?: string | undefined;
}

/**
 * What became of a message that an operation has sent. One failed attempt is a relapse, whatever comes of the next ones: with
 * hours of retries, a wave that waited for the message to die again would let everything out.
 */
export function fateOf({ state, endedBy, failedBy }: Traces, operation: string): Fate {
  if (state !== undefined && state !== 'dead') return 'ended';
  return endedBy === operation || failedBy === operation ? 'relapsed' : 'open';
}

/** What a wave comes to. */
export type Verdict = 'wait' | 'stop' | 'next';

/** Whether a wave is to be waited for, stops its operation, or lets the next one go. */
export function judgeWave({ state, wave, relapse }: Pick<RedriveRow, 'state' | 'wave' | 'relapse'>): Verdict {
  const { sent, open, relapsed } = wave;
  const atLeast = state === 'canary' ? 1 : Math.max(relapse.atLeast, relapse.share * sent);
  if (relapsed >= atLeast) return 'stop';
  return open.length > 0 ? 'wait' : 'next';
}

/** How many messages the wave after one may have: more only where none has relapsed. */
export function nextSize({ wave, ramp, maxRate }: Pick<RedriveRow, 'wave' | 'ramp' | 'maxRate'>): number {
  const { size, relapsed } = wave;
  const greatest = Math.max(1, Math.min(MOST, Math.floor(maxRate * WAVE_SECONDS)));
  return Math.min(greatest, relapsed > 0 ? size : Math.ceil(size * ramp));
}

/** When the wave after one may go, so that no more than `maxRate` a second do: milliseconds since the epoch. */
export function nextMoment({
  wave,
  maxRate,
}: {
  readonly wave: Pick<RedriveWave, 'sent' | 'at'>;
  readonly maxRate: number;
}): number {
  return wave.at + (wave.sent / maxRate) * 1_000;
}
