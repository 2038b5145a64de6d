import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Writes what a Node program is to load first, so that it listens on the loopback interface alone, and ends with the
 * program that started it. Answers with its path.
 */
export function writeLoopbackModule(folder: string): string {
  const file = join(folder, 'loopback.cjs');
  writeFileSync(file, program);
  return file;
}

/** For programs that listen on every interface and cannot be told otherwise, or get a process group of their own. */
const program = `
const { Server } = require('node:net');
const listen = Server.prototype.listen;
Server.prototype.listen = function (first, ...others) {
  if (typeof first === 'object' && first !== null && 'port' in first) {
    return listen.call(this, { ...first, host: '127.0.0.1' }, ...others);
  }
  const callback = others.filter((other) => typeof other === 'function');
  return typeof first === 'number' ? listen.call(this, first, '127.0.0.1', ...callback) : listen.call(this, first, ...others);
};
const parent = process.ppid;
setInterval(() => process.ppid === parent || process.exit(), 500).unref();
`;
