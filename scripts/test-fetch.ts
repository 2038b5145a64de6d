/**
 * Fetches what tests would else fetch when they come to need it, beside npm's packages: `npm run test:fetch`. What this
 * machine cannot run or fetch is said, and is no failure.
 */
import { DYNAMODB_LOCAL } from '../lib/local/engines/dynamodb-local.ts';
import { LOCALSTACK } from '../lib/local/engines/localstack.ts';
import { ministack } from '../lib/local/engines/ministack.ts';
import { EngineInstallFailed, EngineUnavailable, PythonIncomplete, PythonMissing } from '../lib/local/errors.ts';
import { ELASTICMQ } from '../test/conformance/engines/elasticmq.ts';
import { fetchEngine } from '../test/conformance/engines/fetch-engine.ts';
import { KINESIS_LOCAL } from '../test/conformance/engines/kinesis-local.ts';
import { installCfnLint } from '../test/templates/cfn-lint.ts';

const LACKING = [EngineInstallFailed, EngineUnavailable, PythonIncomplete, PythonMissing];
const report = (line: string) => console.error(line);

// In the order in which tests need it.
await unlessLacking(installCfnLint);
for (const engine of [ministack(), DYNAMODB_LOCAL, ELASTICMQ, KINESIS_LOCAL, LOCALSTACK]) {
  await unlessLacking(() => fetchEngine(engine, { report }));
}

async function unlessLacking(fetch: () => Promise<unknown>): Promise<void> {
  try {
    await fetch();
  } catch (error) {
    if (!LACKING.some((kind) => error instanceof kind)) throw error;
    report((error as Error).message);
  }
}
