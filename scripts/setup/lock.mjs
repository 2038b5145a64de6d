import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { report, root } from './program.mjs';

const folder = join(root, '.waybill');
const lockFile = join(folder, 'set-up.lock');
/** Held for moments only, while a lock that nobody holds any more is taken away. */
const breakFile = join(folder, 'set-up.lock.break');

const heartbeatMs = 2_000;
/** A holder that did not touch its lock for so long is gone, even if another process now has its id. */
const staleAfterMs = 60_000;
/** A killed holder may leave its npm at work, which touches nothing. */
const abandonedAfterMs = 600_000;
const breakStaleAfterMs = 10_000;

/**
 * Runs `work` while no other set-up of this repository runs.
 *
 * @template T
 * @param {(keepFor: (pid: number) => void) => Promise<T>} work `keepFor` keeps the lock while that process lives, even if
 *   this one is killed
 * @returns {Promise<T>}
 */
export async function withLock(work) {
  mkdirSync(folder, { recursive: true });
  const owner = JSON.stringify({ pid: process.pid, host: hostname() });
  let told = false;
  while (!create(lockFile, owner)) {
    if (holderIsGone()) removeStale();
    else if (!told) {
      report('waiting for another set-up of this folder');
      told = true;
    }
    await sleep(100);
  }
  const release = () => {
    const found = holder();
    if (found?.pid !== process.pid) return;
    // After Ctrl-C, npm takes a moment to end: until then the lock is its, and whoever comes next waits.
    if (found.child === undefined || !isAlive(found.child)) rmSync(lockFile, { force: true });
  };
  /** @param {NodeJS.Signals} signal */
  const interrupted = (signal) => process.exit(signal === 'SIGINT' ? 130 : 143);
  const heartbeat = setInterval(touch, heartbeatMs);
  process.on('exit', release).once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    return await work((child) =>
      writeFileSync(lockFile, JSON.stringify({ pid: process.pid, host: hostname(), child })),
    );
  } finally {
    clearInterval(heartbeat);
    process.off('exit', release).off('SIGINT', interrupted).off('SIGTERM', interrupted);
    release();
  }
}

function holderIsGone() {
  const age = ageOf(lockFile);
  if (age === undefined) return false;
  const found = holder();
  // Its writer has created it and not yet filled it, or died in between: age alone decides.
  if (found === undefined) return age > breakStaleAfterMs;
  if (found.host !== hostname() || isAlive(found.pid)) return age > staleAfterMs;
  return found.child === undefined || !isAlive(found.child) || age > abandonedAfterMs;
}

/** @returns {{ pid: number, host: string, child?: number } | undefined} */
function holder() {
  try {
    return JSON.parse(readFileSync(lockFile, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Two waiters may see the same dead holder; only one may remove its lock, or the second would remove the first's. */
function removeStale() {
  if ((ageOf(breakFile) ?? 0) > breakStaleAfterMs) rmSync(breakFile, { force: true });
  if (!create(breakFile, String(process.pid))) return;
  try {
    if (holderIsGone()) rmSync(lockFile, { force: true });
  } finally {
    rmSync(breakFile, { force: true });
  }
}

function touch() {
  try {
    utimesSync(lockFile, new Date(), new Date());
  } catch {
    // Somebody removed the folder: the work goes on, and the next set-up starts from what is there.
  }
}

/**
 * @param {string} file
 * @param {string} content
 */
function create(file, content) {
  try {
    writeFileSync(file, content, { flag: 'wx' });
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false;
    throw error;
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    // In a container nobody may reap the orphans: on Linux, an ended process then still has its id.
    return !/\) Z /.test(read(`/proc/${pid}/stat`) ?? '');
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}

/** @param {string} file */
function ageOf(file) {
  const found = statSync(file, { throwIfNoEntry: false });
  return found && Date.now() - found.mtimeMs;
}

/** @param {string} file */
function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
