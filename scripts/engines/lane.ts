/** Runs work, so many pieces at once. */
export type Lane = <T>(work: () => Promise<T>) => Promise<T>;

/** A lane of so many pieces at once; others wait in their order. */
export function laneOf(width: number): Lane {
  const waiting: (() => void)[] = [];
  let free = width;
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}
