import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from './processes.ts';

/** A holder shows that it lives by touching the file; one that has not for this long is taken for dead. */
const staleAfterMs = 60_000;
const touchEveryMs = 5_000;

interface Holder {
  readonly pid: number;
  readonly token: string;
}

/**
 * Runs `action` while no other process runs one under the same lock file. The lock of a process that died is taken over.
 * @param onWait called once when another process holds the lock.
 */
export async function withLock<T>(file: string, action: () => Promise<T>, onWait?: () => void): Promise<T> {
  const holder: Holder = { pid: process.pid, token: randomUUID() };
  mkdirSync(dirname(file), { recursive: true });
  for (let waited = false; !tryCreate(file, holder); waited = true) {
    if (removeIfStale(file)) continue;
    if (!waited) onWait?.();
    await sleep(100);
  }
  const heartbeat = setInterval(() => touch(file), touchEveryMs).unref();
  try {
    return await action();
  } finally {
    clearInterval(heartbeat);
    if (read(file)?.token === holder.token) rmSync(file, { force: true });
  }
}

function tryCreate(file: string, holder: Holder): boolean {
  try {
    writeFileSync(file, JSON.stringify(holder), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Two waiters may judge the same lock stale, and the second must not remove what the first has just created in its place:
 * so a waiter looks again and removes under a lock of its own.
 */
function removeIfStale(file: string): boolean {
  if (!isStale(file)) return false;
  const removal = `${file}.removal`;
  if (ageMs(removal) > staleAfterMs) rmSync(removal, { force: true });
  if (!tryCreate(removal, { pid: process.pid, token: '' })) return false;
  try {
    if (!isStale(file)) return false;
    rmSync(file, { force: true });
    return true;
  } finally {
    rmSync(removal, { force: true });
  }
}

function isStale(file: string): boolean {
  const holder = read(file);
  // A file that was created but not written yet is no sign of a dead holder before its time is over.
  return ageMs(file) > staleAfterMs || (holder !== undefined && !isAlive(holder.pid));
}

function read(file: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Holder;
  } catch {
    return undefined;
  }
}

function ageMs(file: string): number {
  const now = Date.now();
  return now - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? now);
}

function touch(file: string): void {
  try {
    utimesSync(file, new Date(), new Date());
  } catch {
    // Somebody removed it; the action goes on, as it cannot be undone by halves.
  }
}
