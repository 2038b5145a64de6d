import type { EngineProgram } from '../../lib/local/engines/engine-program.ts';
import { type StartedServer, startServer } from '../../lib/local/server.ts';
import { temporaryFolder, writeProgram } from './fake-program.ts';

/** Starts an engine where only these programs are. */
export function startWith(
  engine: EngineProgram,
  programs: Readonly<Record<string, string>> = {},
): Promise<StartedServer> {
  const folder = temporaryFolder();
  for (const [name, body] of Object.entries(programs)) writeProgram(folder, name, body);
  const environment = { PATH: folder, HOME: folder, PYENV_ROOT: folder };
  return startServer(engine, { engineFolder: temporaryFolder(), stateFolder: temporaryFolder(), environment });
}

export const JAVA_17 = { java: `console.error('openjdk version "17.0.15" 2025-04-15')` };

/** A program that fetches, while nothing can be fetched. */
export const FAILING = `console.log('Could not transfer artifact: Unknown host'); process.exit(parameters[0] === '--version' ? 0 : 1)`;
