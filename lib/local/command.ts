import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { endProcessTree } from './processes.ts';

export interface CommandResult {
  /** Undefined when a signal ended the program, the time ran out, or it could not be started. */
  readonly exitCode: number | undefined;
  /** The output of both streams, line by line as it came. */
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
export async function runCommand(
  program: string,
  parameters: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { cwd, environment = process.env, onLine, timeoutMs, signal } = options;
  const lines: string[] = [];
  const child = spawn(program, parameters, {
    cwd,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
  });
  for (const input of [child.stdout, child.stderr]) {
    eachLine(input, (line) => {
      lines.push(line);
      onLine?.(line);
    });
  }
  // The program's children would hold its output open, so they are ended with it.
  const end = () => child.pid !== undefined && void endProcessTree(child.pid, 2000);
  const timer = timeoutMs === undefined ? undefined : setTimeout(end, timeoutMs);
  signal?.addEventListener('abort', end, { once: true });
  if (signal?.aborted) end();
  const exitCode = await new Promise<number | null>((resolve) => {
    child.on('close', resolve).on('error', (error) => {
      lines.push(error.message);
      if (child.pid === undefined) resolve(null);
    });
  });
  clearTimeout(timer);
  signal?.removeEventListener('abort', end);
  return { exitCode: exitCode ?? undefined, lines };
}

/** Lines end as terminals end them. `node:readline` would also cut at U+2028, which is text. */
function eachLine(input: Readable, tell: (line: string) => void): void {
  let rest = '';
  const cut = (text: string) => {
    // A carriage return at the end may be the first half of one line's end.
    const lines = text.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    lines.forEach(tell);
  };
  input
    .setEncoding('utf8')
    .on('data', (chunk: string) => cut(rest + chunk))
    .on('end', () => void (rest && tell(rest.replace(/\r$/, ''))));
}

/** The last lines of a program's output that say something, for the end of an error message. */
export function lastLines(lines: readonly string[], count = 20): string {
  return lines
    .filter((line) => line.trim() !== '')
    .slice(-count)
    .join('\n');
}
