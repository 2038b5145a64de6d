import { SHARDS_A_RUN } from '../ledger/rows/shards.ts';

/**
 * Some of a ledger's shards, compared by themselves: with cursors and counts of their own, which nobody else writes. A
 * group has the same shards however many the ledger has.
 */
export interface ShardGroup {
  readonly index: number;
  readonly shards: readonly number[];
}

/**
 * The groups of a ledger: one, where it has few shards.
 *
 * @param size shards of a group
 */
export function groupsOf(shards: number, size: number = SHARDS_A_RUN): ShardGroup[] {
  return Array.from({ length: Math.ceil(shards / size) }, (_, index) => {
    const first = index * size;
    return { index, shards: Array.from({ length: Math.min(size, shards - first) }, (_, offset) => first + offset) };
  });
}

/** The group that options name, or every shard of the ledger. */
export function groupIn(
  { shards }: { readonly shards: number },
  { group }: { readonly group?: ShardGroup },
): ShardGroup {
  return group ?? { index: 0, shards: Array.from({ length: shards }, (_, shard) => shard) };
}

/** What a pass over a group of shards is called, or a minute that is counted there: of the first as of a ledger that has no other. */
export function ofGroup(name: string, index: number): string {
  return index === 0 ? name : `${name}#${index}`;
}

/** The request for a run to compare a group of shards. */
export function encodeShare({ index }: ShardGroup): string {
  return JSON.stringify({ compare: { group: index } });
}

/** The group that a request asks for; undefined where it is none. */
export function decodeShare(body: string, groups: readonly ShardGroup[]): ShardGroup | undefined {
  try {
    const { compare } = JSON.parse(body) as { readonly compare?: { readonly group?: unknown } };
    return groups.find(({ index }) => index === compare?.group);
  } catch {
    return undefined;
  }
}
