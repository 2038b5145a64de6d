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
  const samples = subjects.map(({ run }) => ({ run, cpu: [] as number[], elapsed: [] as number[] }));
  for (let round = -warmUp; round < rounds; round++) {
    for (const { run, cpu, elapsed } of samples) {
      const started = process.hrtime.bigint();
      const before = process.cpuUsage();
      for (let invocation = 0; invocation < invocations; invocation++) await run();
      const { user, system } = process.cpuUsage(before);
      const microseconds = Number(process.hrtime.bigint() - started) / 1_000;
      if (round >= 0) {
        cpu.push((user + system) / (invocations * units));
        elapsed.push(microseconds / (invocations * units));
      }
      // Timers and finalizers have their turn between rounds, as they have between invocations.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  return samples.map(({ cpu, elapsed }) => ({ cpu: spread(cpu), elapsed: spread(elapsed) }));
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
