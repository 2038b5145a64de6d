import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** So many logs are kept beside the new one. */
const kept = 20;

/** Creates the log file of an engine in the state folder, and removes the oldest of the logs there. */
export function openLog(stateFolder: string, id: string): string {
  const folder = join(stateFolder, 'logs');
  mkdirSync(folder, { recursive: true });
  const logs = readdirSync(folder)
    .map((name) => join(folder, name))
    // Another engine that starts at the same time may just have removed one.
    .map((file) => ({ file, modified: statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .sort((a, b) => b.modified - a.modified);
  for (const { file } of logs.slice(kept)) rmSync(file, { force: true });
  const file = join(folder, `${id}.log`);
  writeFileSync(file, '');
  return file;
}
