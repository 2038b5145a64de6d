/**
 * Fetches all engines, so that nothing need wait for them later: `npm run fetch:engines`. What this machine cannot run or
 * fetch is said, and is no failure.
 */
import { ENGINES, fetchIndependentEngine } from '../../lib/local/engines/index.ts';
import { EngineInstallFailed, EngineUnavailable, PythonIncomplete, PythonMissing } from '../../lib/local/errors.ts';
import { installEngine } from '../../lib/local/install.ts';

const LACKING = [EngineInstallFailed, EngineUnavailable, PythonIncomplete, PythonMissing];
const report = (line: string) => console.error(line);

// In this order they are needed, and the largest of others' is the last.
await unlessLacking(() => installEngine({ report }));
for (const engine of ENGINES) await unlessLacking(() => fetchIndependentEngine(engine, { report }));

async function unlessLacking(fetch: () => Promise<unknown>): Promise<void> {
  try {
    await fetch();
  } catch (error) {
    if (!LACKING.some((kind) => error instanceof kind)) throw error;
    report((error as Error).message);
  }
}
