/**
 * Fetches what tests would else fetch when they come to need it, beside npm's packages: `npm run test:fetch`. What this
 * machine cannot run or fetch is said, and is no failure.
 */
import { ENGINES, fetchIndependentEngine } from '../lib/local/engines/index.ts';
import { EngineInstallFailed, EngineUnavailable, PythonIncomplete, PythonMissing } from '../lib/local/errors.ts';
import { installEngine } from '../lib/local/install.ts';
import { installCfnLint } from './templates/cfn-lint.ts';

const LACKING = [EngineInstallFailed, EngineUnavailable, PythonIncomplete, PythonMissing];
const report = (line: string) => console.error(line);

// In the order in which tests need it.
await unlessLacking(installCfnLint);
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
