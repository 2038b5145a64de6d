import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Rule } from '../../../lib/constructs/rules/rule.ts';
import { RULES } from '../../../lib/constructs/rules/rules.ts';

const root = new URL('../../../', import.meta.url);
const page = readFileSync(new URL('docs/guarantees.md', root), 'utf8');

/** What the page says about a rule, on one line. */
function sectionOf({ id, severity, refuses, because, source, mend, unknown }: Rule): string {
  return [
    `### ${id}`,
    `${severity === 'warning' ? '**Warned of:**' : '**Refused:**'} ${refuses}.`,
    `${because} [Why](${source.startsWith('docs/') ? source.replace('docs/', '') : source})`,
    `**Mend:** ${mend}`,
    ...(unknown ? [`**Cannot be known:** ${unknown}.`] : []),
  ].join(' ');
}

test('docs/guarantees.md says of each rule what its code says, and of no other', () => {
  const rules = page
    .slice(page.indexOf('\n### '))
    .split(/\n(?=### )/)
    .slice(1);

  expect(rules.map((section) => section.replaceAll(/\s+/g, ' ').trim())).toEqual(RULES.map(sectionOf));
});

test('every rule has an id of its own, and a page that is there', () => {
  const ids = RULES.map(({ id }) => id);

  expect(new Set(ids).size).toBe(ids.length);
  for (const { source } of RULES) {
    if (source.startsWith('docs/')) expect(existsSync(new URL(source, root)), source).toBe(true);
    else expect(source).toMatch(/^https:\/\/docs\.aws\.amazon\.com\//);
  }
});

test('what a rule says are sentences', () => {
  for (const { id, because, mend, refuses } of RULES) {
    expect(because, id).toMatch(/^[A-Z].*\.$/);
    expect(mend, id).toMatch(/^[A-Z].*\.$/);
    expect(refuses, id).toMatch(/^[a-z].*[^.]$/);
  }
});
