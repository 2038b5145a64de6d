/**
 * Sets up what is missing, then runs a program of this repository on Node 24: `node scripts/run.mjs FILE [arguments]`.
 *
 * One command, because a shell remembers where it found `node`: in `node setup && node program`, the second is still the
 * machine's own, although the set-up has just put Node 24 first on the PATH.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { root } from './setup/program.mjs';
import { exitWith, setUp } from './setup.mjs';

process.chdir(root);
await setUp().then(run, exitWith);

/** @param {string} node */
function run(node) {
  const programs = [join(root, 'node_modules', '.bin'), process.env.PATH ?? ''];
  const child = spawn(node, ['--conditions=waybill-source', ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, PATH: programs.join(delimiter) },
  });
  // The program hears of each once, however many tell: it may take a second Ctrl-C for impatience. A terminal tells the
  // whole process group, the program included, and npm tells this process once more.
  const told = hasTerminal() ? new Set(['SIGINT']) : new Set();
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => {
      if (told.has(signal)) return;
      told.add(signal);
      child.kill(signal);
    });
  }
  child.once('exit', (code, signal) => {
    if (signal === null) {
      process.exitCode = code ?? 1;
      return;
    }
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/** Whether Ctrl-C comes from a terminal, wherever input and output lead. */
function hasTerminal() {
  if (process.platform === 'win32') return true;
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}
