import { join } from 'node:path';
import { runCommand } from '../command.ts';
import { EngineUnavailable } from '../errors.ts';

/**
 * Java of a version or newer: that of JAVA_HOME, or else of the PATH.
 * @param engine what needs it, for the error
 * @throws EngineUnavailable when there is none
 */
export async function findJava(oldest: number, engine: string, environment: NodeJS.ProcessEnv): Promise<string> {
  const home = environment.JAVA_HOME;
  const found: string[] = [];
  for (const program of [...(home ? [join(home, 'bin', 'java')] : []), 'java']) {
    const { exitCode, lines } = await runCommand(program, ['-version'], { environment, timeoutMs: 20_000 });
    const version = exitCode === 0 ? javaVersion(lines.join('\n')) : undefined;
    if (version !== undefined && version >= oldest) return program;
    if (version !== undefined) found.push(String(version));
  }
  const but = found.length > 0 ? ` (here is ${found.join(' and ')})` : '';
  throw new EngineUnavailable(
    `${engine} needs Java ${oldest} or newer as java on the PATH or in JAVA_HOME${but}: install a JDK from https://adoptium.net.`,
  );
}

/** The major version in what `java -version` prints: 17 of `"17.0.15"`, 8 of `"1.8.0_402"`. */
export function javaVersion(text: string): number | undefined {
  const [, first, second] = /version "(\d+)(?:\.(\d+))?/.exec(text) ?? [];
  if (first === undefined) return undefined;
  return first === '1' ? Number(second) : Number(first);
}
