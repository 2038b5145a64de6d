import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Writes a module for a Node program to load first: with it the program listens on the loopback interface alone, and ends
 * with the program that started it. Answers with the module's path.
 */
export function writeLoopbackModule(folder: string): string {
  const file = join(folder, 'loopback.cjs');
  writeFileSync(file, program);
  return file;
}

/** Some programs listen on every interface and cannot be told otherwise, or get a process group of their own. */
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
