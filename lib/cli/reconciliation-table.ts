import type { Abandoned, Dead, LineCounts, Missing, Reconciliation, Uncaused, Unjudged } from '../reconcile/totals.ts';
import { printable } from './printable.ts';
import { lengthOf } from './span-text.ts';

/** How many of a long list are written out: `--json` has them all. */
const SOME = 20;

interface Column {
  readonly head: string;
  readonly of: (counts: LineCounts) => number;
  /** Whether it is left out where it is 0 everywhere. */
  readonly isRare?: boolean;
}

const COLUMNS: readonly Column[] = [
  { head: 'committed', of: ({ committed }) => committed },
  { head: 'handled', of: ({ handled }) => handled },
  { head: 'in flight', of: ({ inFlight }) => inFlight },
  { head: 'scheduled', of: ({ scheduled, waitsForProvider = 0 }) => scheduled - waitsForProvider },
  { head: 'waits for a provider', of: ({ waitsForProvider = 0 }) => waitsForProvider, isRare: true },
  { head: 'dead', of: ({ dead }) => dead },
  { head: 'abandoned', of: ({ abandoned = 0 }) => abandoned, isRare: true },
  { head: 'not judged', of: ({ unjudged = 0 }) => unjudged, isRare: true },
  { head: 'missing', of: missingOfLine },
];

/** A reconciliation in words, line by line: a table of the business lines, then what is missing and what is uncaused. */
export function reconciliationTable({ lines, copies, missing, uncaused, ...rare }: Reconciliation): string[] {
  const { abandoned = [], unjudged = [], dead = [] } = rare;
  return [
    ...tableOf(lines),
    ...copiesOf(copies),
    ...missingOf(missing),
    ...unjudgedOf(unjudged),
    ...abandonedOf(abandoned),
    ...uncausedOf(uncaused),
    ...deadOf(dead),
  ];
}

/** A message has a copy at each subscriber that expects it. */
function copiesOf({ handled, duplicate, dead, cancelled, abandoned = 0, late }: Reconciliation['copies']): string[] {
  if (handled + duplicate + dead + cancelled + abandoned + late === 0) return [];
  const takenBack = cancelled > 0 ? `, ${cancelled} cancelled` : '';
  const left = abandoned > 0 ? `, ${abandoned} abandoned` : '';
  return [
    `At their subscribers: ${handled} handled, ${duplicate} duplicates, ${dead} dead-lettered${takenBack}${left}, ${late} late`,
  ];
}

function tableOf(lines: Reconciliation['lines']): string[] {
  const counted = Object.entries(lines).sort(([one], [other]) => (one < other ? -1 : 1));
  if (counted.length === 0) return ['No message was committed.'];
  const columns = COLUMNS.filter(({ isRare, of }) => !isRare || counted.some(([, counts]) => of(counts) > 0));
  const rows = counted.map(([line, counts]) => ({
    line: line || '(no message)',
    cells: columns.map(({ of }) => of(counts)),
  }));
  const width = Math.max(...rows.map(({ line }) => line.length));
  const widths = columns.map(({ head }, index) =>
    Math.max(head.length, ...rows.map(({ cells }) => String(cells[index]).length)),
  );
  const draw = (line: string, cells: readonly (string | number)[]) =>
    `${line.padEnd(width)}  ${cells.map((cell, index) => String(cell).padStart(widths[index] ?? 0)).join('  ')}`;
  const heads = columns.map(({ head }) => head);
  return [draw('', heads), ...rows.map(({ line, cells }) => draw(line, cells))];
}

/** A message counts once: what stands nowhere else is missing. */
function missingOfLine({ committed, handled, inFlight, scheduled, dead, ...rare }: LineCounts): number {
  const { abandoned = 0, unjudged = 0 } = rare;
  return committed - handled - inFlight - scheduled - dead - abandoned - unjudged;
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

function unjudgedOf(unjudged: readonly Unjudged[]): string[] {
  if (unjudged.length === 0) return [];
  return [
    `Overdue, and nobody can say where they are: ${unjudged.length}`,
    ...list(unjudged, ({ id, subscriber, evidence, overdueMs }) => [
      `${id}  ${subscriber}: overdue by ${lengthOf(overdueMs)}: ${evidence}`,
    ]),
  ];
}

function abandonedOf(abandoned: readonly Abandoned[]): string[] {
  if (abandoned.length === 0) return [];
  return [
    `Abandoned, since their subscriber was removed: ${abandoned.length}`,
    ...list(abandoned, ({ id, subscriber }) => [`${id}  ${subscriber}`]),
  ];
}

function uncausedOf(uncaused: readonly Uncaused[]): string[] {
  if (uncaused.length === 0) return [];
  return [
    `Ended although nobody committed them: ${uncaused.length}`,
    ...list(uncaused, ({ id, subscriber }) => [`${id}  ${subscriber}`]),
  ];
}

function deadOf(dead: readonly Dead[]): string[] {
  if (dead.length === 0) return [];
  return [
    `Dead-lettered: ${dead.length}`,
    ...list(dead, ({ id, subscriber, reason = 'without a reason', detail, at }) => [
      `${id}  ${subscriber}: ${printable(detail ? `${reason}: ${detail}` : reason)}`,
      ...(at ? [`  ${printable(at)}`] : []),
    ]),
  ];
}

function list<Item>(items: readonly Item[], linesOf: (item: Item) => string[]): string[] {
  const more = items.length > SOME ? [`  … and ${items.length - SOME} more`] : [];
  return [...items.slice(0, SOME).flatMap((item) => linesOf(item).map((line) => `  ${line}`)), ...more];
}
