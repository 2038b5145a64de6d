import { join } from 'node:path';
import type { IndependentEngine } from './independent-engine.ts';
import { writeLoopbackModule } from './loopback.ts';
import { fetchPackage } from './npm.ts';

const version = '0.6.2';

/** Kinesis by Eric Meisel (kinesis-mock), MIT, from npm. */
export const KINESIS_LOCAL: IndependentEngine = {
  name: 'kinesis-local',
  title: 'kinesis-local',
  version,
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
      readyPath: '/healthcheck',
    };
  },
};
