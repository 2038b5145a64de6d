/**
 * Sets up what is missing, then runs a program of this repository on Node 24: `node scripts/run.mjs FILE [arguments]`.
 *
 * One command, because a shell remembers where it found `node`: in `node setup && node program`, the second is still the
 * machine's own, although the set-up has just put Node 24 first on the PATH.
 */
import { spawn } from 'node:child_process';
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
  // From a terminal, Ctrl-C reaches the child by itself: it is in the same process group.
  process.on('SIGINT', () => {
    if (!process.stdin.isTTY) child.kill('SIGINT');
  });
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  process.on('SIGHUP', () => child.kill('SIGHUP'));
  child.once('exit', (code, signal) => {
    if (signal === null) {
      process.exitCode = code ?? 1;
      return;
    }
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
