import { spawn } from 'node:child_process';

export interface CommandResult {
  /** The exit code; undefined when a signal ended it, the time ran out, or it could not be started. */
  readonly exitCode: number | undefined;
  /** Whether the program was there to be started. */
  readonly started: boolean;
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
      timeout: options.timeoutMs,
      signal: options.signal,
      windowsHide: true,
    });
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
    let started = true;
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (child.pid === undefined) started = false;
      if (error.name !== 'AbortError') lines.push(error.message);
      if (!started) resolve({ exitCode: undefined, started, lines });
    });
    child.on('close', (exitCode) => {
      for (const flush of streams) flush();
      resolve({ exitCode: exitCode ?? undefined, started, lines });
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
