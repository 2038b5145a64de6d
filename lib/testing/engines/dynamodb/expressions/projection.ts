import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Item } from '../attribute-value.ts';
import { refuseOverlaps } from './document-path.ts';
import type { Placeholders } from './placeholders.ts';
import type { DocumentPath } from './syntax.ts';
import { TokenReader } from './token-reader.ts';

/**
 * Reads a projection expression.
 *
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ProjectionExpressions.html
 */
export function parseProjection(text: string, placeholders: Placeholders): DocumentPath[] {
  const reader = new TokenReader('ProjectionExpression', text, placeholders);
  const paths = [reader.path()];
  while (reader.accept(',')) paths.push(reader.path());
  reader.expectEnd();
  refuseOverlaps(reader, paths);
  return paths;
}

/** The row with nothing but what is at the paths; elements of a list move together. */
export function project(item: Item, paths: readonly DocumentPath[]): Item {
  return projectValue({ M: item }, branchesOf(paths))?.M ?? {};
}

/** The wanted part of a value: all of it, or some of its entries or elements. */
type Wanted = 'all' | Map<string | number, Wanted>;

function branchesOf(paths: readonly DocumentPath[]): Map<string | number, Wanted> {
  const root = new Map<string | number, Wanted>();
  for (const path of paths) {
    let branch = root;
    for (const step of path.slice(0, -1)) {
      const next = branch.get(step);
      const child = next instanceof Map ? next : new Map<string | number, Wanted>();
      branch.set(step, child);
      branch = child;
    }
    branch.set(path.at(-1) as string | number, 'all');
  }
  return root;
}

function projectValue(value: AttributeValue, wanted: Wanted): AttributeValue | undefined {
  if (wanted === 'all') return value;
  if (value.L) {
    const elements = value.L.flatMap((element, index) => {
      const branch = wanted.get(index);
      return (branch && projectValue(element, branch)) ?? [];
    });
    return elements.length > 0 ? { L: elements } : undefined;
  }
  if (!value.M) return undefined;
  const entries = Object.entries(value.M).flatMap(([name, entry]) => {
    const branch = wanted.get(name);
    const projected = branch && projectValue(entry, branch);
    return projected ? [[name, projected] as const] : [];
  });
  return entries.length > 0 ? { M: Object.fromEntries(entries) } : undefined;
}
