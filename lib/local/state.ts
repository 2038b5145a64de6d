import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What is written down of the shared engine, so that other processes find it. */
export interface EngineState {
  readonly id: string;
  readonly endpoint: string;
  readonly pid: number;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly logFile: string;
  readonly runFolder: string;
  readonly persist?: string;
  readonly container?: string;
}

/** The shared engine as written down, whether or not it still runs. What cannot be read is removed. */
export function readState(folder: string): EngineState | undefined {
  let text: string;
  try {
    text = readFileSync(fileIn(folder), 'utf8');
  } catch {
    return undefined;
  }
  const state = parse(text);
  if (!state) rmSync(fileIn(folder), { force: true });
  return state;
}

export function writeState(folder: string, state: EngineState): void {
  mkdirSync(folder, { recursive: true });
  const temporary = `${fileIn(folder)}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify(state, undefined, 2)}\n`);
  renameSync(temporary, fileIn(folder));
}

/** Removes the state file if it is still about this engine. */
export function removeState(folder: string, id: string): void {
  if (readState(folder)?.id === id) rmSync(fileIn(folder), { force: true });
}

function fileIn(folder: string): string {
  return join(folder, 'engine.json');
}

function parse(text: string): EngineState | undefined {
  try {
    const state = JSON.parse(text) as Partial<EngineState> | null;
    const strings = [state?.id, state?.endpoint, state?.startedAt, state?.logFile, state?.runFolder];
    const valid = strings.every((value) => typeof value === 'string') && Number.isInteger(state?.pid);
    return valid && (state?.pid ?? 0) > 1 ? (state as EngineState) : undefined;
  } catch {
    return undefined;
  }
}
