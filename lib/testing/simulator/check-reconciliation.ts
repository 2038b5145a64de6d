import { inboxKey, messageTime, outboxKey } from '../../contract/index.ts';
import { toItem } from '../../runtime/expression.ts';
import { reconcile } from '../../runtime/index.ts';
import { seededRandom } from '../seeded-random.ts';
import { testEnvironment } from '../test-environment.ts';
import type { End, Evidence } from './evidence.ts';
import { MORE_SHARDS } from './fault.ts';
import type { Violation } from './violation.ts';
import type { World } from './world.ts';

/** Long after every deadline, so that whatever has not ended is missing. */
const LATER = 2 * 3_600_000;

/** One run in so many: it takes as long as the run itself. */
const ONE_IN = 4;

/**
 * R: reconciliation names the messages that are missing or uncaused, none more and none fewer. To be called when all has
 * been delivered and found right: it names nothing then, and, once an inbox row and an outbox row are taken away behind
 * its back, exactly what lacks them.
 *
 * @param shards the ledger's, when the run began
 */
export async function checkReconciliation(
  world: World,
  evidence: Evidence,
  ledger: string,
  shards: number,
): Promise<Violation[]> {
  const ids = [...evidence.committed.keys()];
  if (ids.length === 0 || world.draw('reconciliation', ONE_IN) !== 0) return [];
  const table = world.engines.dynamodb.table(ledger);
  const remove = (key: object) => table.write(toItem(key), undefined);
  const violations = await compare(world, ids, { ledger, shards }, { missing: [], uncaused: [] });

  const last = new Map(evidence.ends.map((end) => [`${end.subscriber} ${end.id}`, end]));
  const ends = [...last.values()].filter(({ subscriber, id }) => table.get(toItem(inboxKey(subscriber, id))));
  const forgotten = ends[world.draw('forgotten end', ends.length)];
  if (!forgotten) return violations;
  remove(inboxKey(forgotten.subscriber, forgotten.id));
  const others = ids.filter((id) => id !== forgotten.id);
  const orphan = others[world.draw('orphan', others.length)];
  if (orphan) remove(outboxKey(orphan));
  const expected = { missing: [nameOf(forgotten)], uncaused: ends.filter(({ id }) => id === orphan).map(nameOf) };
  return [...violations, ...(await compare(world, ids, { ledger, shards }, expected))];
}

interface Named {
  readonly missing: readonly string[];
  readonly uncaused: readonly string[];
}

async function compare(
  world: World,
  ids: readonly string[],
  { ledger, shards }: { readonly ledger: string; readonly shards: number },
  expected: Named,
): Promise<Violation[]> {
  const { engines, schedule, faults } = world;
  const environment = testEnvironment({
    clock: { now: () => schedule.now() + LATER, sleep: async () => undefined },
    random: seededRandom(1),
    engines,
    variables: {},
  });
  const times = ids.map(messageTime);
  const found = await reconcile(environment, {
    ledger,
    shards: faults.fired['more-shards'] ? MORE_SHARDS : shards,
    from: Math.min(...times),
    to: Math.max(...times),
  });
  const named: Named = { missing: found.missing.map(nameOf), uncaused: found.uncaused.map(nameOf) };
  return (['missing', 'uncaused'] as const).flatMap((kind): Violation[] => {
    const [says, is] = [named[kind].toSorted().join(', '), expected[kind].toSorted().join(', ')];
    if (says === is) return [];
    return [
      { invariant: 'R', what: `reconciliation names as ${kind}: ${says || 'nothing'}; it is ${is || 'nothing'}` },
    ];
  });
}

function nameOf({ id, subscriber }: Pick<End, 'id' | 'subscriber'>): string {
  return `${id} at ${subscriber}`;
}
