import { createProgress, type Progress, type ProgressStream } from './progress.ts';

/** The environment and the streams of a command: the process's own, or a test's. */
export interface CommandContext {
  readonly environment: NodeJS.ProcessEnv;
  /** The command's result. */
  readonly out: {
    write(text: string): unknown;
    readonly isTTY?: boolean;
    /** Of a terminal: its width. */
    readonly columns?: number;
  };
  /** Progress and errors. */
  readonly err: ProgressStream;
  readonly progress: Progress;
  /** The exit code that the command ends with unless it throws. */
  exitCode: number;
}

export function processContext(): CommandContext {
  return {
    environment: process.env,
    out: process.stdout,
    err: process.stderr,
    progress: createProgress(process.stderr),
    exitCode: 0,
  };
}

/** Writes one line of the result. */
export function print(context: CommandContext, line: string): void {
  context.out.write(`${line}\n`);
}

/** Writes the one object of `--json`, on one line. */
export function printJson(context: CommandContext, value: unknown): void {
  context.out.write(`${jsonLine(value)}\n`);
}

/** JSON that every reader of lines takes for one: some also cut at characters that JSON may hold as they are. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replaceAll(/[\u0085\u2028\u2029]/g, (separator) => {
    return `\\u${separator.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
