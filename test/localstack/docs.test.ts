import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const file = join(root, 'docs', 'testing-on-localstack.md');
const page = readFileSync(file, 'utf8');
const [, example = ''] = /```ts\n\/\/ shop\.test\.ts\n([\s\S]*?)```/.exec(page) ?? [];

test('the example has ten lines, and each statement of it is in the example that runs', () => {
  const lines = example.trimEnd().split('\n');
  expect(lines.length).toBeLessThanOrEqual(11);
  const running = readFileSync(join(root, 'examples', 'localstack', 'shop.test.ts'), 'utf8');
  const used = lines.filter((line) => /^ {2}(?:await (?!shop\.destroy)|assert)/.test(line)).map((line) => line.trim());
  expect(used.length).toBeGreaterThanOrEqual(4);
  for (const line of used) expect(running).toContain(line);
  for (const call of [
    'hostStacks({ templates: { Shop: template }',
    'Template.fromStack(new Shop(',
    'shop?.destroy()',
  ]) {
    expect(running).toContain(call);
  }
});

test('its links lead somewhere', () => {
  const links = [...page.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link = '']) => join(dirname(file), link));
  expect(links.length).toBeGreaterThan(0);
  expect(links.filter((link) => !existsSync(link))).toEqual([]);
});
