import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const examples = join(import.meta.dirname, '..', '..', 'examples');
const entries = await readdir(examples, { withFileTypes: true });
const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
const index = await readFile(join(examples, 'README.md'), 'utf8');

test('the index of the examples names nothing that is not there', () => {
  const links = [...index.matchAll(/\]\(([^)#]+)\)/g)].map(([, link = '']) => link);
  expect(links.filter((link) => !existsSync(join(examples, link)))).toEqual([]);
});

describe.each(folders)('the example %s', (folder) => {
  test('is in the index', () => {
    expect(index).toContain(`[${folder}](${folder})`);
  });

  test('has a test beside it', async () => {
    const files = await readdir(join(examples, folder), { recursive: true });
    expect(files.filter((file) => file.endsWith('.test.ts'))).not.toEqual([]);
  });

  test('has a page of a screen at most, whose links lead somewhere', async () => {
    const page = await readFile(join(examples, folder, 'README.md'), 'utf8');
    expect(page.split('\n').length).toBeLessThanOrEqual(40);
    const links = [...page.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, link = '']) => link);
    expect(links.filter((link) => !existsSync(join(examples, folder, link)))).toEqual([]);
  });
});
