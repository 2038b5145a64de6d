import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root, SetupError } from './program.mjs';

const oldestForSetUp = 20;
const oldestForEverything = 24;

/** Refuses a Node that is too old to run even the set-up. */
export function checkMachine() {
  if (majorVersion() >= oldestForSetUp) return;
  throw new SetupError(
    `Waybill needs Node ${oldestForSetUp} or newer and this is ${process.versions.node}: install a newer one from https://nodejs.org.`,
  );
}

/**
 * The Node that everything but the set-up runs on: the one that npm installed where its publisher offers this platform,
 * else the machine's own.
 */
export function findNode() {
  const installed = join(
    root,
    'node_modules',
    `node-${platform()}`,
    'bin',
    process.platform === 'win32' ? 'node.exe' : 'node',
  );
  if (existsSync(installed)) return installed;
  if (majorVersion() >= oldestForEverything) return process.execPath;
  throw new SetupError(
    `Waybill runs on Node ${oldestForEverything} or newer, npm installed none for ${process.platform} ${process.arch}, and this is ` +
      `${process.versions.node}: install Node ${oldestForEverything} from https://nodejs.org.`,
  );
}

function platform() {
  return `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
}

function majorVersion() {
  return Number.parseInt(process.versions.node, 10);
}
