import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test, vi } from 'vitest';

// It starts a compiler, on a machine that may be busy.
vi.setConfig({ testTimeout: 180_000 });

const root = join(import.meta.dirname, '..', '..');
const readme = await readFile(join(root, 'README.md'), 'utf8');
/** The files in the text: code blocks that begin with the file's name. */
const files = [...readme.matchAll(/```ts\n\/\/ (\S+\.ts)[^\n]*\n([\s\S]*?)```/g)].map(([, name = '', code = '']) => ({
  name,
  code,
}));

test('the example of the README compiles, and a mistake in it does not', async () => {
  expect(files.map(({ name }) => name)).toEqual(['contract.ts', 'functions/reserve-stock.ts', 'stack.ts']);
  const mistaken = files.map(({ name, code }) => ({
    name: `mistaken/${name}`,
    code: code.replace('sku: order.sku', 'sku: order.quantity'),
  }));
  const complaints = await compile([...files, ...mistaken]);
  expect(new Set(complaints.match(/^\S+\.ts(?=[(:])/gm))).toEqual(new Set(['mistaken/functions/reserve-stock.ts']));
});

test('the example of the README has about thirty lines of its own', () => {
  const lines = files
    .flatMap(({ code }) => code.split('\n'))
    .filter((line) => line.trim() !== '' && !line.startsWith('import'));
  expect(lines.length).toBeLessThanOrEqual(30);
});

test.each(['README.md', 'docs/demo.md'])('links of %s lead somewhere', async (file) => {
  const text = await readFile(join(root, file), 'utf8');
  const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link = '']) => join(root, dirname(file), link));
  expect(links.filter((link) => !existsSync(link))).toEqual([]);
});

/** What the compiler says of the files, in a folder of this repository, where `waybill` is its sources. */
async function compile(sources: readonly { readonly name: string; readonly code: string }[]): Promise<string> {
  const cache = join(root, 'node_modules', '.cache');
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, 'readme-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const { name, code } of sources) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), code);
  }
  const settings = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: { types: ['node'] },
    files: sources.map(({ name }) => name),
    include: [],
  };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(settings));
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const done = promisify(execFile)(process.execPath, [tsc, '--noEmit', '--pretty', 'false', '-p', folder], {
    cwd: folder,
  });
  return done.then(
    () => '',
    ({ stdout }: { stdout: string }) => stdout,
  );
}
