import { textOf } from './paper.ts';

const { name, exports: entries } = JSON.parse(textOf('package.json')) as {
  name: string;
  exports: Readonly<Record<string, { readonly 'waybill-source'?: string }>>;
};

/** What each entry of the package exports, by the entry's name. */
export const doors: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries(entries).flatMap(([entry, { 'waybill-source': file }]) =>
    file === undefined ? [] : [[entry.replace('.', name), exportedBy(textOf(file.replace('./', '')))] as const],
  ),
);

function exportedBy(source: string): ReadonlySet<string> {
  const lists = [...source.matchAll(/^export (?:type )?\{([^}]*)\} from/gm)].map(([, list = '']) => list);
  return new Set(lists.flatMap(namesIn));
}

/** The names in the braces of an export, as importers know them, or of an import that renames none. */
export function namesIn(list: string): string[] {
  const names = list.split(',').map((one) => one.trim().replace(/^type /, ''));
  return names.filter((one) => one !== '').map((one) => one.replace(/^\w+ as /, ''));
}
