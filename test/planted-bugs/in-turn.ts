const THREADS = 2;
const turns: Promise<unknown>[] = Array.from({ length: THREADS }, () => Promise.resolve());
let next = 0;

/** Runs as many at once as there are threads. */
export function inTurn<Result>(run: () => Promise<Result>): Promise<Result> {
  const place = next++ % THREADS;
  const result = (turns[place] as Promise<unknown>).then(run);
  turns[place] = result.catch(() => undefined);
  return result;
}
