import { join } from 'node:path';
import type { EngineProgram } from '../../../lib/local/engines/engine-program.ts';
import { writeLoopbackModule } from '../../../lib/local/engines/loopback.ts';
import { fetchPackage } from '../../../lib/local/engines/npm.ts';
import { answers } from '../../../lib/local/health.ts';

const version = '0.6.2';

/** Kinesis by Eric Meisel (kinesis-mock), MIT, from npm. */
export const KINESIS_LOCAL: EngineProgram = {
  name: 'kinesis-local',
  title: 'kinesis-local',
  version,
  answers: (endpoint) => answers(`${endpoint}/healthcheck`),
  async prepare(place) {
    const folder = await fetchPackage('kinesis-local', version, place);
    return {
      program: process.execPath,
      parameters: ['--require', writeLoopbackModule(place.runFolder), join(folder, 'main.js')],
      // It looks for its certificate in the working folder.
      cwd: folder,
      environment: {
        KINESIS_MOCK_PLAIN_PORT: String(place.port),
        KINESIS_MOCK_TLS_PORT: String(place.secondPort),
        LOG_LEVEL: 'WARN',
      },
    };
  },
};
