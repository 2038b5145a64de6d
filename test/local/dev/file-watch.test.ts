import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { FileWatch } from '../../../lib/local/dev/file-watch.ts';
import { temporaryFolder } from '../fake-program.ts';

function watched() {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'src'));
  const files = ['a.ts', 'src/b.ts', 'src/other.ts'].map((name) => join(folder, name)) as [string, string, string];
  for (const file of files) writeFileSync(file, 'one');
  const watch = new FileWatch();
  onTestFinished(() => watch.close());
  watch.set(files.slice(0, 2));
  return { folder, files, watch, signal: new AbortController() };
}

test('files that are saved together, or replaced as editors do, are told once, and others are not', async () => {
  const { files, watch, signal, folder } = watched();
  const [a, b, other] = files;
  const changes = watch.changes(signal.signal);
  writeFileSync(other, 'two');
  writeFileSync(a, 'two');
  writeFileSync(join(folder, 'src', '.b.ts.swp'), 'two');
  renameSync(join(folder, 'src', '.b.ts.swp'), b);
  expect([...(await changes)].sort()).toEqual([a, b]);
  writeFileSync(a, 'three');
  expect([...(await watch.changes(signal.signal))]).toEqual([a]);
});

test('what changes while nobody asks is told to who asks next, and nothing once it is to end', async () => {
  const { files, watch, signal } = watched();
  watch.set(files.slice(2));
  writeFileSync(files[0], 'two');
  writeFileSync(files[2], 'two');
  expect([...(await watch.changes(signal.signal))]).toEqual([files[2]]);
  const none = watch.changes(signal.signal);
  signal.abort();
  expect([...(await none)]).toEqual([]);
});
