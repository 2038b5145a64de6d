import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ServerState } from './server.ts';

/** Shared servers that run side by side, as they are written down for other processes to find. */
export interface SharedState extends ServerState {
  /** The servers beside the first. */
  readonly beside?: readonly ServerState[];
}

/** The servers as written down, whether or not they still run. What cannot be read is removed. */
export function readState(file: string): SharedState | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  const state = parsed(text);
  if (!state) rmSync(file, { force: true });
  return state;
}

export function writeState(file: string, state: SharedState): void {
  mkdirSync(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify(state, undefined, 2)}\n`);
  renameSync(temporary, file);
}

/** Removes the file if it is still about these servers. */
export function removeState(file: string, id: string): void {
  if (readState(file)?.id === id) rmSync(file, { force: true });
}

/** All servers of a shared state. */
export function serversOf(state: SharedState): readonly ServerState[] {
  return [state, ...(state.beside ?? [])];
}

function parsed(text: string): SharedState | undefined {
  try {
    const state = JSON.parse(text) as SharedState;
    return serversOf(state).every(isComplete) ? state : undefined;
  } catch {
    return undefined;
  }
}

function isComplete({ id, endpoint, pid, startedAt, logFile, runFolder }: ServerState): boolean {
  const isText = [id, endpoint, startedAt, logFile, runFolder].every((value) => typeof value === 'string');
  return isText && Number.isInteger(pid) && pid > 1;
}
