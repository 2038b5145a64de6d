import { inboxKey, messageTime, outboxKey } from '../../contract/index.ts';
import { toItem } from '../../runtime/expression.ts';
import { reconcile } from '../../runtime/index.ts';
import { seededRandom } from '../../testing/seeded-random.ts';
import { testEnvironment } from '../../testing/test-environment.ts';
import type { World } from '../run/world.ts';
import type { System } from '../system.ts';
import { type Copy, type Standing, standingOf } from './standing.ts';
import type { Violation } from './violation.ts';

/** Long after every deadline, so that whatever has not ended is missing. */
const LATER = 2 * 3_600_000;

/** One run in so many: it takes as long as the run itself. */
const ONE_IN = 4;

/**
 * R: reconciliation names the messages that are missing or uncaused by the record, none more and none fewer. To be called
 * when all has been delivered and found right: it has no case open, and names nothing; and, once an inbox row and an outbox
 * row are taken away behind its back, it names exactly what lacks them.
 */
export async function checkReconciliation(system: System, world: World, ledger: string): Promise<Violation[]> {
  const { record, draw } = world;
  const standing = standingOf(system, record, ledger);
  const left = standing.open.map(nameOf);
  const violations: Violation[] = left.map((what) => ({
    invariant: 'R',
    what: `all is delivered, and there is an open case of ${what}`,
  }));
  const { ends, ids } = rowsIn(world, ledger);
  if (ids.length === 0 || draw('reconciliation', ONE_IN) !== 0) return violations;
  violations.push(...(await compare(world, ids, ledger, standing)));

  const table = world.engines.dynamodb.table(ledger);
  const forgotten = ends[draw('forgotten end', ends.length)];
  if (!forgotten) return violations;
  table.write(toItem(inboxKey(forgotten.subscriber, forgotten.id)), undefined);
  const others = ids.filter((id) => id !== forgotten.id);
  const orphan = others[draw('orphan', others.length)];
  if (orphan) table.write(toItem(outboxKey(orphan)), undefined);
  return [...violations, ...(await compare(world, ids, ledger, standingOf(system, record, ledger)))];
}

/** The messages that are in the ledger, and where they have ended, in the order in which that came to be. */
function rowsIn({ record, engines }: World, ledger: string): { readonly ids: string[]; readonly ends: Copy[] } {
  const table = engines.dynamodb.table(ledger);
  const ids = new Set<string>();
  const ends = new Map<string, Copy>();
  for (const entry of record.entries) {
    if (entry.kind !== 'row' || entry.change.table !== ledger || !entry.change.after) continue;
    const { key } = entry.change;
    const [kind, subscriber = ''] = (key.pk?.S ?? '').split('#');
    const id = key.sk?.S ?? '';
    if (!table.get(key)) continue;
    if (kind === 'out') ids.add(id);
    if (kind === 'in') ends.set(`${subscriber} ${id}`, { id, subscriber });
  }
  return { ids: [...ids], ends: [...ends.values()] };
}

async function compare(world: World, ids: readonly string[], ledger: string, standing: Standing): Promise<Violation[]> {
  const { engines, schedule, shards } = world;
  const environment = testEnvironment({
    clock: { now: () => schedule.now() + LATER, sleep: async () => undefined },
    random: seededRandom(1),
    engines,
    variables: {},
  });
  const times = ids.map(messageTime);
  const range = { from: Math.min(...times), to: Math.max(...times) };
  const found = await reconcile(environment, { ledger, shards, ...range }).catch((error: unknown) => String(error));
  if (typeof found === 'string') return [{ invariant: 'R', what: `reconciliation fails: ${found}` }];
  return (['missing', 'uncaused'] as const).flatMap((kind): Violation[] => {
    const [says, is] = [found[kind], standing[kind]].map((copies) => copies.map(nameOf).sort().join(', '));
    if (says === is) return [];
    return [
      { invariant: 'R', what: `reconciliation names as ${kind}: ${says || 'nothing'}; it is ${is || 'nothing'}` },
    ];
  });
}

function nameOf({ id, subscriber }: Copy): string {
  return `${id} at ${subscriber}`;
}
