import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A new folder that is gone when the test is over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'waybill-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Puts a program into a folder, written in JavaScript, with its parameters in `parameters`. */
export function writeProgram(folder: string, name: string, body: string): string {
  const file = join(folder, name);
  writeFileSync(file, `#!${process.execPath}\nconst parameters = process.argv.slice(2);\n${body}\n`, { mode: 0o755 });
  return file;
}
