import type { RunRecord } from '../run/run-record.ts';
import type { System } from '../system.ts';
import type { Violation } from './violation.ts';

/** L: no update of a business row is lost to one that did not see it, since a version only rises, and with each write. */
export function checkVersions({ subscribers, tables = [] }: System, { entries }: RunRecord): Violation[] {
  const all = [...subscribers.flatMap((one) => one.tables), ...tables.map(({ table }) => table)];
  const columns = new Map(
    all.flatMap(({ name, version }) => (version === undefined ? [] : [[name, version] as const])),
  );
  return entries.flatMap((entry): Violation[] => {
    if (entry.kind !== 'row' || entry.row) return [];
    const { table, before, after } = entry.change;
    const column = columns.get(table);
    if (column === undefined || !before || !after) return [];
    const [former, version] = [before, after].map((row) => Number(row[column]?.N ?? 0)) as [number, number];
    if (version > former) return [];
    return [{ invariant: 'L', what: `a row of ${table} was written over version ${former} as version ${version}` }];
  });
}
