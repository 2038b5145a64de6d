import type { CommandContext } from '../../lib/cli/command-context.ts';
import { createProgress } from '../../lib/cli/progress.ts';

/** A context that keeps what a command writes. */
export function capturedContext(environment: NodeJS.ProcessEnv = {}): CommandContext & {
  readonly stdout: () => string;
  readonly stderr: () => string;
} {
  const out: string[] = [];
  const err: string[] = [];
  const errors = { write: (text: string) => err.push(text) };
  return {
    environment,
    out: { write: (text: string) => out.push(text) },
    err: errors,
    progress: createProgress(errors),
    exitCode: 0,
    stdout: () => out.join(''),
    stderr: () => err.join(''),
  };
}
