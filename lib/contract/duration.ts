import { InvalidDefinition } from './errors.ts';
import { DAY_MS } from './time.ts';

/** A length of time as people write it: `'500ms'`, `'10s'`, `'15m'`, `'24h'`, `'14d'`. */
export type Duration = `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

/** A hundred years: what is longer leaves the range of dates. */
const LONGEST_MS = 36_500 * DAY_MS;

const MILLISECONDS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/**
 * The duration in milliseconds.
 *
 * @throws InvalidDefinition when the text is not a number followed by `ms`, `s`, `m`, `h` or `d`, from 1 ms to 100 years
 * @example durationToMilliseconds('15m') // 900_000
 */
export function durationToMilliseconds(duration: Duration): number {
  const milliseconds = signedMilliseconds(duration) ?? 0;
  if (milliseconds < 1 || milliseconds > LONGEST_MS) {
    throw new InvalidDefinition(
      `'${duration}' is not a duration: give a positive number and ms, s, m, h or d, e.g. '24h', up to 36500d`,
    );
  }
  return milliseconds;
}

/** The duration in milliseconds, which may be none or negative; `undefined` where the text is no duration. */
export function signedMilliseconds(duration: unknown): number | undefined {
  const match = /^(-?\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(String(duration));
  return match ? Math.round(Number(match[1]) * MILLISECONDS[match[2] as keyof typeof MILLISECONDS]) : undefined;
}
