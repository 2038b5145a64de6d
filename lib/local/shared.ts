import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Engine, type EngineOptions, engineOf, isRunning, startEngine, stopEngine } from './engine.ts';
import { EngineRunsElsewhere, EngineSilent } from './errors.ts';
import { defaultStateFolder } from './folders.ts';
import { engineIdAt } from './health.ts';
import { withLock } from './lock.ts';
import { type EngineState, readState, removeState, writeState } from './state.ts';

/**
 * The shared engine of this repository or user, if it runs: the one that `waybill up` or `npm start` started.
 * A state file of an engine that no longer runs is removed.
 * @throws {EngineSilent} when its process lives but does not answer.
 */
export async function findEngine(stateFolder: string = defaultStateFolder()): Promise<Engine | undefined> {
  const state = readState(stateFolder);
  if (!state) return undefined;
  if (!isRunning(state)) {
    removeState(stateFolder, state.id);
    return undefined;
  }
  for (let attempt = 1; attempt <= 3; attempt++) {
    if ((await engineIdAt(state.endpoint, 5000)) === state.id) return engineOf(state, stateFolder, false);
    await sleep(200);
  }
  throw new EngineSilent(
    `The embedded engine (process ${state.pid}) does not answer at ${state.endpoint}: end it with \`waybill down\`. ` +
      `Its log is ${state.logFile}.`,
  );
}

/**
 * The shared engine, started if none runs; `owned` says which. Two processes that ask at once get the same one.
 * @throws {EngineRunsElsewhere} when one runs, but not on the port that was asked for.
 */
export async function shareEngine(options: EngineOptions = {}): Promise<Engine> {
  const stateFolder = options.stateFolder ?? defaultStateFolder();
  return withLock(
    join(stateFolder, 'engine.lock'),
    async () => {
      const running = await findEngine(stateFolder);
      if (running) {
        assertSamePort(running, options.port);
        return running;
      }
      // Released only once it can be found: whatever ends this process before that ends the engine too.
      const engine = await startEngine({ ...options, detached: false });
      writeState(stateFolder, engine.state);
      if (options.detached) await engine.release();
      return engine;
    },
    () => options.report?.('Another process starts the embedded engine; waiting for it'),
  );
}

/** Ends the shared engine, even one that does not answer. Answers with what ran, or undefined when nothing did. */
export async function stopSharedEngine(stateFolder: string = defaultStateFolder()): Promise<EngineState | undefined> {
  const state = readState(stateFolder);
  if (!state) return undefined;
  const runs = isRunning(state);
  if (runs) await stopEngine(state, stateFolder);
  else removeState(stateFolder, state.id);
  return runs ? state : undefined;
}

function assertSamePort(running: Engine, port: number | undefined): void {
  if (port === undefined || new URL(running.endpoint).port === String(port)) return;
  throw new EngineRunsElsewhere(
    `The embedded engine already runs at ${running.endpoint}, not on port ${port}: end it first with \`waybill down\`.`,
  );
}
