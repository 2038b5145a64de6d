import { describeError } from '../../aws/errors.ts';

/** What came of something while promises were watched that nobody waits for. */
export interface Watched<Result> {
  readonly result: Result;
  /** The errors of such promises. */
  readonly rejections: readonly string[];
}

type Listener = (error: unknown) => void;

const watching = new Set<Listener>();
let others: NodeJS.UnhandledRejectionListener[] = [];

const tellAll: Listener = (error) => {
  for (const hear of watching) hear(error);
};

/**
 * Runs it, and collects the errors of promises that nobody waits for. Node would end the process for one, as Lambda does,
 * and a test runner would count it as an error of its own, though it is a handler's.
 */
export async function watchingUnawaited<Result>(run: () => Promise<Result>): Promise<Watched<Result>> {
  const rejections: string[] = [];
  const hear: Listener = (error) => void rejections.push(describeError(error));
  if (watching.size === 0) {
    others = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection');
    process.on('unhandledRejection', tellAll);
  }
  watching.add(hear);
  try {
    const result = await run();
    // What was rejected in a turn is known to be unhandled at the end of it.
    await new Promise((resolve) => setImmediate(resolve));
    return { result, rejections };
  } finally {
    watching.delete(hear);
    if (watching.size === 0) {
      process.off('unhandledRejection', tellAll);
      for (const one of others) process.on('unhandledRejection', one);
    }
  }
}
