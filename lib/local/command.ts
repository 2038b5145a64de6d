import { spawn } from 'node:child_process';
import { endProcessTree } from './processes.ts';

export interface CommandResult {
  /** The exit code; undefined when a signal ended it, the time ran out, or it could not be started. */
  readonly exitCode: number | undefined;
  /** What it printed to both streams, line by line as it came. */
  readonly lines: readonly string[];
}

export interface CommandOptions {
  readonly cwd?: string;
  /** @default process.env */
  readonly environment?: NodeJS.ProcessEnv;
  /** Called with each line as it is printed. */
  readonly onLine?: (line: string) => void;
  /** @default no limit */
  readonly timeoutMs?: number;
  /** Ends the program, with everything that it has started. */
  readonly signal?: AbortSignal;
}

/** Runs a program without input to its end. Never throws for what the program does: judge the result. */
export function runCommand(
  program: string,
  parameters: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const lines: string[] = [];
    const child = spawn(program, parameters, {
      cwd: options.cwd,
      env: options.environment ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
    });
    // With what it has started, which would hold its output open.
    const end = () => child.pid !== undefined && void endProcessTree(child.pid, 2000);
    const timer = options.timeoutMs === undefined ? undefined : setTimeout(end, options.timeoutMs);
    options.signal?.addEventListener('abort', end, { once: true });
    if (options.signal?.aborted) end();
    const settle = (exitCode: number | undefined) => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', end);
      resolve({ exitCode, lines });
    };
    const streams = [child.stdout, child.stderr].map((stream) => {
      let rest = '';
      stream.setEncoding('utf8').on('data', (text: string) => {
        const [...whole] = (rest + text).split(/\r?\n/);
        rest = whole.pop() ?? '';
        for (const line of whole) take(line);
      });
      return () => rest && take(rest);
    });
    const take = (line: string) => {
      lines.push(line);
      options.onLine?.(line);
    };
    child.on('error', (error) => {
      lines.push(error.message);
      if (child.pid === undefined) settle(undefined);
    });
    child.on('close', (exitCode) => {
      for (const flush of streams) flush();
      settle(exitCode ?? undefined);
    });
  });
}

/** The last lines of a program's output that say something, for the end of an error message. */
export function lastLines(lines: readonly string[], count = 20): string {
  return lines
    .filter((line) => line.trim() !== '')
    .slice(-count)
    .join('\n');
}
