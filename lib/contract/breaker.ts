/** When a subscriber's circuit opens, and how it closes again. Lengths of time are milliseconds. */
export interface BreakerSettings {
  /** Different messages that have to fail. */
  readonly failures: number;
  /** The share of handler runs that has to fail, from 0 to 1. */
  readonly share: number;
  /** How far back failures count. */
  readonly within: number;
  /** How long the circuit stays open at first. Each probe that fails doubles it, up to 15 minutes. */
  readonly open: number;
  /** Messages that are tried one by one before the circuit closes. */
  readonly probes: number;
}

/** For how long a circuit is opened at most, between two tries. */
export const LONGEST_OPEN_SECONDS = 900;
/** How long the handler of a probe has. */
export const PROBE_SECONDS = 100;

/** Of a breaker of which nothing else is said. */
export const BREAKER_DEFAULTS: BreakerSettings = { failures: 10, share: 0.5, within: 10_000, open: 30_000, probes: 3 };

/** The settings in the variable by which a construct hands them to a function; `undefined` where there are none. */
export function breakerIn(variable: string | undefined): BreakerSettings | undefined {
  return variable ? { ...BREAKER_DEFAULTS, ...(JSON.parse(variable) as Partial<BreakerSettings>) } : undefined;
}
