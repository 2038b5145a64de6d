import { existsSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, SetupError } from './program.mjs';

const oldestForSetUp = 20;
const oldestForEverything = 24;

const windows = process.platform === 'win32';
const modules = join(root, 'node_modules');
/** The package of scripts/toolchain that is Node for this platform. */
const packageName = `node-${windows ? 'win' : process.platform}-${process.arch}`;

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
  const installed = join(modules, packageName, 'bin', windows ? 'node.exe' : 'node');
  if (existsSync(installed)) {
    linkNode();
    return installed;
  }
  if (majorVersion() >= oldestForEverything) return process.execPath;
  throw new SetupError(
    `Waybill runs on Node ${oldestForEverything} or newer, npm installed none for ${process.platform} ${process.arch}, and this is ` +
      `${process.versions.node}: install Node ${oldestForEverything} from https://nodejs.org.`,
  );
}

/** npm scripts and `npx node` look in .bin, where npm 10 does not link a program called node. */
function linkNode() {
  const link = join(modules, '.bin', windows ? 'node.cmd' : 'node');
  if (existsSync(link)) return;
  try {
    if (windows) writeFileSync(link, `@"%~dp0..\\${packageName}\\bin\\node.exe" %*\r\n`);
    else symlinkSync(`../${packageName}/bin/node`, link);
  } catch (error) {
    // Another set-up was faster.
    if (!existsSync(link)) throw error;
  }
}

function majorVersion() {
  return Number.parseInt(process.versions.node, 10);
}
