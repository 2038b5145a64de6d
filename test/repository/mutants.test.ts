import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import type { SourceFile } from 'typescript/unstable/ast';
import { createVirtualFileSystem } from 'typescript/unstable/fs';
import { API } from 'typescript/unstable/sync';
import { expect, test } from 'vitest';
import { equivalents } from '../../scripts/mutants/equivalents.ts';
import { mutationsOf } from '../../scripts/mutants/mutations.ts';
import { REACH, SWITCH, schemataOf } from '../../scripts/mutants/schemata.ts';

/** The mutations of a text, each as what stands there, an arrow and what replaces it. */
function mutations(text: string, isGuard: boolean): string[] {
  const found = asTree(text, mutationsOf).filter((one) => one.isGuard === isGuard);
  return found.map(({ start, end, to }) => `${text.slice(start, end)} → ${to}`);
}

function asTree<Value>(text: string, use: (tree: SourceFile) => Value): Value {
  const fs = createVirtualFileSystem({ '/tsconfig.json': '{ "files": ["a.ts"] }', '/a.ts': text });
  const api = new API({ cwd: '/', fs });
  try {
    const project = api.updateSnapshot({ openProjects: ['/tsconfig.json'] }).getProject('/tsconfig.json');
    const tree = project?.program.getSourceFile('/a.ts');
    if (!tree) throw new Error('TypeScript does not know the file');
    return use(tree);
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

test('one compiled file holds all its mutants, each behind its number, and tells which functions are reached', async () => {
  const text = `
    const LEAST = 3;
    export class Counter { #count = 0; add(by: number): number { if (by < LEAST) return 0; return (this.#count += by); } }
    export const twice = (value: number) => value * 2;`;
  const { source, lost, mutants } = asTree(text, (tree) => {
    const numbered = mutationsOf(tree).map((mutation, index) => ({ ...mutation, number: index + 1 }));
    return { ...schemataOf('lib/a.ts', tree, numbered), mutants: numbered };
  });
  const reached = new Set<string>();
  const shared = globalThis as { [SWITCH]?: number; [REACH]?: (mark: string) => void };
  shared[REACH] = (mark) => reached.add(mark);
  const outcomes = new Map<string, string>();
  for (const number of [0, ...mutants.map((one) => one.number)]) {
    shared[SWITCH] = number;
    const code = `${stripTypeScriptTypes(source)}//${number}`;
    const { Counter, twice } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
    const counter = new Counter();
    const { start = 0, end = 0, to = 'as it is' } = mutants[number - 1] ?? {};
    const outcome = [counter.add(1), counter.add(3), counter.add(4), twice(5)].join();
    outcomes.set(`${text.slice(start, end)} → ${to}`, outcome);
  }
  delete shared[REACH];
  delete shared[SWITCH];

  expect(lost).toEqual([]);
  expect([...reached].sort()).toEqual(['lib/a.ts#2', 'lib/a.ts#5', 'lib/a.ts#load']);
  expect(Object.fromEntries(outcomes)).toMatchObject({
    ' → as it is': '0,3,7,10',
    '3 → (3 + 1)': '0,0,4,10',
    '< → <=': '0,0,4,10',
    'by < LEAST → ((by < LEAST) && false)': '1,4,8,10',
    '* → /': '0,3,7,2.5',
  });
});

test('each equivalent mutant is of a line that is there, and gives its reason', () => {
  for (const { file, line, reason } of equivalents) {
    const lines = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8').split('\n');
    expect(lines.map((one) => one.trim())).toContain(line);
    expect(reason.length).toBeGreaterThan(20);
  }
});
