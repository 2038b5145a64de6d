const PAUSE = 5_000;

/** Passes a line on at most every 5 s: where lines stay, each step of a counter would be one. */
export function unhurried(
  report: (line: string) => void,
  now: () => number = () => performance.now(),
): (line: string) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (line) => {
    if (now() - last < PAUSE) return;
    last = now();
    report(line);
  };
}
