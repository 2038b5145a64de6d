import { caseId, type Suite } from '../../test/conformance/case.ts';
import type { Outcome, Verdict } from '../../test/conformance/run-case.ts';
import { type PageColumn, WORDS } from './page.ts';

/**
 * The columns of a page, as they were written: of each case what the engine did, but not why it is wrong. Cases that there
 * are no more are left out.
 *
 * @param nameOf an engine's name, by its title
 */
export function pageColumns(
  page: string,
  suites: readonly Suite[],
  nameOf: (title: string) => string | undefined,
): PageColumn[] {
  const rows = page.split('\n').filter((line) => line.startsWith('| '));
  const titles = cellsOf(rows.find((row) => row.startsWith('| case |')) ?? '').slice(1);
  return titles.flatMap((title, column) => {
    const name = nameOf(title);
    const [, version = '', date = ''] = rows.map(cellsOf).find(([first]) => first === title) ?? [];
    if (name === undefined) return [];
    const outcomes = suites.flatMap((suite) => {
      const verdicts = sectionOf(page, suite).map((row) => [nameIn(row), verdictOf(cellsOf(row)[column + 1])] as const);
      return suite.cases.flatMap((one): [string, Outcome][] => {
        const [, verdict] = verdicts.find(([caseName]) => caseName === one.name) ?? [];
        return verdict ? [[caseId(suite, one), { verdict }]] : [];
      });
    });
    return [{ name, title, version, date, outcomes: new Map(outcomes) }];
  });
}

/** The columns with some of them replaced, or added at the end. */
export function replaced(columns: readonly PageColumn[], fresh: readonly PageColumn[]): PageColumn[] {
  const added = fresh.filter(({ name }) => !columns.some((column) => column.name === name));
  return [...columns.map((column) => fresh.find(({ name }) => name === column.name) ?? column), ...added];
}

/** The rows of a suite's cases. */
function sectionOf(page: string, { title }: Suite): string[] {
  const [, section = ''] = page.split(`\n## ${title}\n`);
  const [table = ''] = section.split('\n## ');
  return table.split('\n').filter((line) => line.startsWith('| ['));
}

/** What stands in the brackets of a link, as it was before it was escaped. */
function nameIn(row: string): string {
  const [, text = ''] = /^\| \[((?:\\.|[^\\\]])*)\]/.exec(row) ?? [];
  return text.replace(/\\(.)/g, '$1');
}

function verdictOf(cell: string | undefined): Verdict | undefined {
  return (Object.keys(WORDS) as Verdict[]).find((verdict) => WORDS[verdict] === cell);
}

/** Bars within a cell are escaped. */
function cellsOf(row: string): string[] {
  return row
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim());
}
