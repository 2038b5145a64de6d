import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IndependentEngine } from './independent-engine.ts';
import { fetchPackage } from './npm.ts';

const version = '0.6.2';

/** Kinesis by Eric Meisel (kinesis-mock), MIT, from npm. */
export const KINESIS_LOCAL: IndependentEngine = {
  name: 'kinesis-local',
  title: 'kinesis-local',
  version,
  async prepare(place) {
    const folder = await fetchPackage('kinesis-local', version, place);
    const file = join(place.runFolder, 'loopback.cjs');
    writeFileSync(file, loopback);
    return {
      program: process.execPath,
      parameters: ['--require', file, join(folder, 'main.js')],
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

/** It would listen on every interface, and cannot be told otherwise. */
const loopback = `
const { Server } = require('node:net');
const listen = Server.prototype.listen;
Server.prototype.listen = function (first, ...others) {
  if (typeof first === 'object' && first !== null && 'port' in first) {
    return listen.call(this, { ...first, host: '127.0.0.1' }, ...others);
  }
  const callback = others.filter((other) => typeof other === 'function');
  return typeof first === 'number' ? listen.call(this, first, '127.0.0.1', ...callback) : listen.call(this, first, ...others);
};
`;
