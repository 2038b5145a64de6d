import { readFileSync } from 'node:fs';
import { createVirtualFileSystem } from 'typescript/unstable/fs';
import { API } from 'typescript/unstable/sync';
import { expect, test } from 'vitest';
import { equivalents } from '../../scripts/mutants/equivalents.ts';
import { mutationsOf } from '../../scripts/mutants/mutations.ts';

/** The mutations of a text, each as what stands there, an arrow and what replaces it. */
function mutations(text: string, isGuard: boolean): string[] {
  const fs = createVirtualFileSystem({ '/tsconfig.json': '{ "files": ["a.ts"] }', '/a.ts': text });
  const api = new API({ cwd: '/', fs });
  try {
    const project = api.updateSnapshot({ openProjects: ['/tsconfig.json'] }).getProject('/tsconfig.json');
    const tree = project?.program.getSourceFile('/a.ts');
    if (!tree) throw new Error('TypeScript does not know the file');
    return mutationsOf(tree)
      .filter((one) => one.isGuard === isGuard)
      .map(({ start, end, to }) => `${text.slice(start, end)} → ${to}`);
  } finally {
    api.close();
  }
}

test('a mutant mistakes an operator, a condition or a value, or leaves something out', () => {
  const text = "export const late = (at: number, now: number) => { if (at < now) note('late'); return at ?? 7; };";
  expect(mutations(text, false)).toEqual([
    'at < now → ((at < now) || true)',
    'at < now → ((at < now) && false)',
    '< → <=',
    '< → >=',
    "note('late'); → {}",
    "'late' → ''",
    'at ?? 7 → at',
    'at ?? 7 → 7',
    '7 → (7 + 1)',
  ]);
});

test('types, and names of modules and properties, are left alone', () => {
  const text = "import a from 'a'; export type A = 'a' | 5; export interface B { readonly a: 'b' } export const c = a;";
  expect(mutations(text, false)).toEqual([]);
});

test('a guard is a condition of a write, whether a read is consistent, or which ledger it is', () => {
  const condition = "put({ ConditionExpression: 'a = :a AND b = :b' });";
  expect(mutations(condition, true).map((one) => one.split(' → ')[1])).toEqual([
    "'(a = :a AND b = :b) OR attribute_not_exists(noSuchColumn)'",
    "'(a = :a OR attribute_not_exists(noSuchColumn)) AND b = :b'",
    "'a = :a AND (b = :b OR attribute_not_exists(noSuchColumn))'",
  ]);
  expect(
    mutations('rowsOf(ledger, pk); getRow(ledger, key); queryPage(l, p, { ConsistentRead: true });', true),
  ).toEqual([' → , { consistent: true }', ' → , { consistent: false }', 'true → !(true)']);
  expect(mutations('some((one) => one.ledger === ledger && one.type === type);', true)).toEqual([
    'one.ledger === ledger → (one.ledger === ledger || true)',
    'one.ledger === ledger → (one.ledger === ledger && false)',
  ]);
});

test('each equivalent mutant is of a line that is there, and gives its reason', () => {
  for (const { file, line, reason } of equivalents) {
    const lines = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8').split('\n');
    expect(lines.map((one) => one.trim())).toContain(line);
    expect(reason.length).toBeGreaterThan(20);
  }
});
