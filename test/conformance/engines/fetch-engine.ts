import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EngineProgram } from '../../../lib/local/engines/engine-program.ts';
import { installPlaceOf, type ServerOptions } from '../../../lib/local/server.ts';

/**
 * Fetches an engine where it is not there, so that it starts at once later.
 * @throws EngineUnavailable when this machine lacks what it runs on
 * @throws EngineInstallFailed when it could not be fetched
 */
export async function fetchEngine(engine: EngineProgram, options: ServerOptions = {}): Promise<void> {
  const runFolder = mkdtempSync(join(tmpdir(), `waybill-fetch-${engine.name}-`));
  try {
    // The ports of a launch that is not made.
    await engine.prepare({ ...installPlaceOf(engine, options), id: '', runFolder, port: 0, secondPort: 0 });
  } finally {
    rmSync(runFolder, { recursive: true, force: true });
  }
}
