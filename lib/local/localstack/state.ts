import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What is written down of a LocalStack that runs beside DynamoDB Local, so that other processes find them. */
export interface LocalStackState {
  /** The process that keeps both: they end with it. */
  readonly pid: number;
  readonly endpoint: string;
  readonly dynamodbEndpoint: string;
  /** Of both, in words. */
  readonly version: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly logFiles: readonly string[];
}

/** What the keeper tells whoever started it. */
export type KeeperLine =
  | { readonly step: string }
  | { readonly ready: LocalStackState }
  | { readonly failed: { readonly message: string; readonly code?: string } };

/** As written down, whether or not they still run. */
export function readLocalStackState(folder: string): LocalStackState | undefined {
  try {
    const state = JSON.parse(readFileSync(fileIn(folder), 'utf8')) as LocalStackState;
    return Number.isInteger(state.pid) && state.pid > 1 ? state : undefined;
  } catch {
    return undefined;
  }
}

export function writeLocalStackState(folder: string, state: LocalStackState): void {
  mkdirSync(folder, { recursive: true });
  const temporary = `${fileIn(folder)}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify(state, undefined, 2)}\n`);
  renameSync(temporary, fileIn(folder));
}

/** Removes the state file if it is still about this keeper. */
export function removeLocalStackState(folder: string, pid: number): void {
  if (readLocalStackState(folder)?.pid === pid) rmSync(fileIn(folder), { force: true });
}

function fileIn(folder: string): string {
  return join(folder, 'localstack.json');
}
