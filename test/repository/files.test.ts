import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What is in the repository, or would be with the next commit. */
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path !== '' && existsSync(join(root, path)));

type LockedPackage = { resolved?: string; link?: boolean; optionalDependencies?: Record<string, string> };

const locked: Record<string, LockedPackage> = JSON.parse(text('package-lock.json')).packages;

test('the lock file names no registry: it serves whoever installs from another one', () => {
  const resolved = Object.values(locked).filter(({ resolved, link }) => resolved !== undefined && link !== true);

  expect(resolved).toEqual([]);
  expect(text('package-lock.json')).not.toMatch(/https?:\/\/[^"]*registry/);
});

test("the lock file has every platform's packages, without which npm ci refuses it", () => {
  const names = new Set(Object.keys(locked).map((path) => path.split('node_modules/').at(-1)));
  const wanted = Object.values(locked).flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies));

  expect(wanted.filter((name) => !names.has(name))).toEqual([]);
});

test('the package brings no Node into the projects of its users', () => {
  const { dependencies, optionalDependencies = {} } = JSON.parse(text('package.json'));

  expect(Object.keys({ ...dependencies, ...optionalDependencies }).filter((name) => name.startsWith('node-'))).toEqual(
    [],
  );
});

test('no file names a folder of the machine that it was written on', () => {
  const folders = /(?<![\w.:/@$}-])\/(?:root|work|home\/\w+|Users\/\w+)(?:\/|\b(?![-\w]))|[A-Z]:\\Users\\/;
  // This one spells them out.
  const others = files.filter(
    (path) => path !== 'test/repository/files.test.ts' && !/\.(?:png|ico|woff2?|gz)$/.test(path),
  );

  const found = others.flatMap((path) =>
    text(path)
      .split('\n')
      .flatMap((line, index) => (folders.test(line) ? [`${path}:${index + 1}: ${line.trim().slice(0, 120)}`] : [])),
  );

  expect(found).toEqual([]);
});

test('no source talks the linter out of the rules that hold the design', () => {
  const sources = files.filter((path) => /^(?:lib|functions|examples)\/.*\.ts$/.test(path));

  const found = sources.filter((path) =>
    /biome-ignore(?:-all|-start)?\s+lint\/(?:plugin|style\/noRestrictedImports)|biome-ignore(?:-all|-start)?\s+lint\b(?!\/)/.test(
      text(path),
    ),
  );

  expect(found).toEqual([]);
});

function text(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}
