/** A thing whose speed is measured: one call is one invocation. */
export interface Subject {
  run(): Promise<unknown>;
}

/** Microseconds a unit, over the rounds of one subject. */
export interface Timing {
  /** CPU time of the process, its garbage collection and compilation included: neighbours on the machine do not count. */
  readonly cpu: Spread;
  /** Time on the clock: on an idle machine about the same. */
  readonly elapsed: Spread;
}

export interface Spread {
  readonly median: number;
  readonly fastest: number;
  readonly slowest: number;
}

export interface RoundOptions {
  readonly rounds: number;
  /** Rounds that are run first and not counted. */
  readonly warmUp: number;
  /** Invocations in a round: enough that its garbage is collected within it, too. */
  readonly invocations: number;
  /** Units in an invocation, e.g. records in a batch. */
  readonly units: number;
}

/**
 * Measures subjects turn by turn in one process, so that whatever else the machine does meets all of them. What they
 * throw away is collected during their own rounds, as far as the rounds are long enough.
 *
 * @returns one timing for each subject, in their order
 */
export async function measureRounds(
  subjects: readonly Subject[],
  { rounds, warmUp, invocations, units }: RoundOptions,
): Promise<Timing[]> {
  return timeRounds(
    subjects.map(
      ({ run }) =>
        () =>
          measureRound(run, invocations, units),
    ),
    { rounds, warmUp },
  );
}

/** Microseconds a unit that one round took. */
export interface RoundTime {
  readonly cpu: number;
  readonly elapsed: number;
}

/** Runs a round of invocations. */
export async function measureRound(
  run: () => Promise<unknown>,
  invocations: number,
  units: number,
): Promise<RoundTime> {
  const started = process.hrtime.bigint();
  const before = process.cpuUsage();
  for (let invocation = 0; invocation < invocations; invocation++) await run();
  const { user, system } = process.cpuUsage(before);
  const microseconds = Number(process.hrtime.bigint() - started) / 1_000;
  // Timers and finalizers have their turn between rounds, as they have between invocations.
  await new Promise((resolve) => setImmediate(resolve));
  return { cpu: (user + system) / (invocations * units), elapsed: microseconds / (invocations * units) };
}

/** Runs rounds of several subjects in turn. @returns one timing for each subject, in their order */
export async function timeRounds(
  subjects: readonly (() => Promise<RoundTime>)[],
  { rounds, warmUp }: Pick<RoundOptions, 'rounds' | 'warmUp'>,
): Promise<Timing[]> {
  const times: RoundTime[][] = subjects.map(() => []);
  for (let round = -warmUp; round < rounds; round++) {
    for (const [index, measure] of subjects.entries()) {
      const time = await measure();
      if (round >= 0) times[index]?.push(time);
    }
  }
  return times.map((some) => ({
    cpu: spread(some.map(({ cpu }) => cpu)),
    elapsed: spread(some.map(({ elapsed }) => elapsed)),
  }));
}

/** The middle value; of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2;
}

function spread(values: readonly number[]): Spread {
  return { median: median(values), fastest: Math.min(...values), slowest: Math.max(...values) };
}
