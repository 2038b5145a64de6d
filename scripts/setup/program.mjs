import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The repository's folder. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** A set-up that cannot go on. The message is one sentence that says what to do. */
export class SetupError extends Error {
  /** @override */
  name = 'SetupError';
}

/** @param {string} message */
export function report(message) {
  process.stderr.write(`set-up: ${message}\n`);
}

/**
 * Runs a program in the repository's folder, or in another, with everything that it prints on stderr.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {{ failed: string, missing?: string, cwd?: string, env?: NodeJS.ProcessEnv, shell?: boolean, started?: (pid: number) => void }} options
 *   `failed`: what to say when it ends with an error; `missing`: when there is no such program
 * @returns {Promise<void>}
 */
export async function runProgram(
  program,
  args,
  { failed, missing, cwd = root, env = process.env, shell = false, started },
) {
  const child = spawn(program, args, { cwd, env, shell, stdio: ['ignore', process.stderr, process.stderr] });
  if (child.pid !== undefined) started?.(child.pid);
  const stopChild = () => child.kill();
  process.on('exit', stopChild);
  try {
    await new Promise((resolve, reject) => {
      child.once('error', () => reject(new SetupError(missing ?? failed)));
      child.once('exit', (code) => (code === 0 ? resolve(undefined) : reject(new SetupError(failed))));
    });
  } finally {
    process.off('exit', stopChild);
  }
}
