import { type CommandOptions, lastLines, runCommand } from './command.ts';

/** Runs a program without input to its end, and answers with what it said last. */
export async function runProgram(
  program: string,
  parameters: readonly string[],
  options: CommandOptions,
): Promise<{ readonly exitCode: number | undefined; readonly said: string }> {
  const { exitCode, lines } = await runCommand(program, parameters, options);
  return { exitCode, said: lastLines(lines) };
}
