import type { Duration } from 'aws-cdk-lib';
import { BREAKER_DEFAULTS, type BreakerSettings } from '../../contract/breaker.ts';

/** When the circuit of a subscriber opens, and how it closes again. */
export interface BreakerOptions {
  /** Different messages whose handlers have to fail, from 1 to 100. @default 10 */
  readonly failures?: number;
  /** The share of handler runs that has to fail, above 0 and up to 1. @default 0.5 */
  readonly share?: number;
  /** How far back failures count, from 1 second to 1 minute. @default Duration.seconds(10) */
  readonly within?: Duration;
  /**
   * How long the circuit stays open at first, from 1 second to 15 minutes. Each time that a probe fails, it stays open for twice
   * as long, up to 15 minutes.
   * @default Duration.seconds(30)
   */
  readonly open?: Duration;
  /** Messages that are tried one by one before the circuit closes, from 1 to 20. @default 3 */
  readonly probes?: number;
}

/** What the run time is told of a breaker. */
export function breakerSettings({ within, open, ...given }: BreakerOptions): BreakerSettings {
  return {
    ...BREAKER_DEFAULTS,
    ...given,
    ...(within && { within: within.toMilliseconds() }),
    ...(open && { open: open.toMilliseconds() }),
  };
}

/** What of a breaker is out of range, if anything. */
export function* breakerRefusals({ failures, share, within, open, probes }: BreakerSettings): Iterable<string> {
  if (!whole(failures, 1, 100)) yield `\`breaker: { failures }\` is ${failures}: give a whole number from 1 to 100`;
  if (!(share > 0 && share <= 1)) yield `\`breaker: { share }\` is ${share}: give a number above 0 and up to 1`;
  if (!(within >= 1_000 && within <= 60_000))
    yield `\`breaker: { within }\` is ${within} ms: give 1 second to 1 minute`;
  if (!(open >= 1_000 && open <= 900_000)) yield `\`breaker: { open }\` is ${open} ms: give 1 second to 15 minutes`;
  if (!whole(probes, 1, 20)) yield `\`breaker: { probes }\` is ${probes}: give a whole number from 1 to 20`;
}

function whole(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}
