import type { LineCounts, Missing, Reconciliation, Uncaused } from '../reconcile/totals.ts';
import { lengthOf } from './span-text.ts';

/** How many of a long list are written out: `--json` has them all. */
const SOME = 20;

const COLUMNS = ['committed', 'handled', 'in flight', 'scheduled', 'dead', 'missing'] as const;

/** A reconciliation in words, line by line: a table of the business lines, then what is missing and what is uncaused. */
export function reconciliationTable({ lines, copies, missing, uncaused }: Reconciliation): string[] {
  return [...tableOf(lines), ...copiesOf(copies), ...missingOf(missing), ...uncausedOf(uncaused)];
}

/** A message has a copy at each subscriber that expects it. */
function copiesOf({ handled, duplicate, dead, cancelled, late }: Reconciliation['copies']): string[] {
  if (handled + duplicate + dead + cancelled + late === 0) return [];
  const takenBack = cancelled > 0 ? `, ${cancelled} cancelled` : '';
  return [
    `At their subscribers: ${handled} handled, ${duplicate} duplicates, ${dead} dead-lettered${takenBack}, ${late} late`,
  ];
}

function tableOf(lines: Reconciliation['lines']): string[] {
  const rows = Object.entries(lines)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([line, counts]) => ({ line: line || '(no message)', cells: cellsOf(counts) }));
  if (rows.length === 0) return ['No message was committed.'];
  const width = Math.max(...rows.map(({ line }) => line.length));
  const widths = COLUMNS.map((column, index) =>
    Math.max(column.length, ...rows.map(({ cells }) => String(cells[index]).length)),
  );
  const draw = (line: string, cells: readonly (string | number)[]) =>
    `${line.padEnd(width)}  ${cells.map((cell, index) => String(cell).padStart(widths[index] ?? 0)).join('  ')}`;
  return [draw('', COLUMNS), ...rows.map(({ line, cells }) => draw(line, cells))];
}

/** A message counts once: what stands nowhere else is missing. */
function cellsOf({ committed, handled, inFlight, scheduled, dead }: LineCounts): number[] {
  return [committed, handled, inFlight, scheduled, dead, committed - handled - inFlight - scheduled - dead];
}

function missingOf(missing: readonly Missing[]): string[] {
  if (missing.length === 0) return ['Nothing is missing.'];
  const hops = Map.groupBy(missing, ({ hop }) => hop);
  const sums = [...hops].map(([hop, some]) => `${some.length} at the ${hop}`).join(', ');
  return [
    `Missing: ${missing.length} (${sums})`,
    ...list(missing, ({ id, subscriber, hop, evidence, overdueMs }) => [
      `${id}  ${subscriber}: ${hop}, overdue by ${lengthOf(overdueMs)}: ${evidence}`,
    ]),
  ];
}

function uncausedOf(uncaused: readonly Uncaused[]): string[] {
  if (uncaused.length === 0) return [];
  return [
    `Ended although nobody committed them: ${uncaused.length}`,
    ...list(uncaused, ({ id, subscriber }) => [`${id}  ${subscriber}`]),
  ];
}

function list<Item>(items: readonly Item[], linesOf: (item: Item) => string[]): string[] {
  const more = items.length > SOME ? [`  … and ${items.length - SOME} more`] : [];
  return [...items.slice(0, SOME).flatMap((item) => linesOf(item).map((line) => `  ${line}`)), ...more];
}
