import { toItem } from '../../aws/attribute.ts';
import { HOUR_MS } from '../../contract/time.ts';
import { inboxKey } from '../../ledger/rows/inbox.ts';
import { outboxKey } from '../../ledger/rows/outbox.ts';
import { messageTime } from '../../message/message-id.ts';
import { reconcile } from '../../reconcile/reconcile.ts';
import { seededRandom } from '../../testing/seeded-random.ts';
import { testEnvironment } from '../../testing/test-environment.ts';
import { checkCases, checkReconciliation } from '../checks/check-reconciliation.ts';
import { Expectations } from '../checks/expectations.ts';
import { ledgerStateOf } from '../checks/ledger-state.ts';
import type { Violation } from '../checks/violation.ts';
import type { System } from '../system.ts';
import { LEDGER } from './ledger-row.ts';
import { SHARDS, type World } from './world.ts';

/** Long after every deadline, so that whatever has not ended is missing. */
const LATER_MS = 2 * HOUR_MS;

/** One run in so many: it takes as long as the run itself. */
const ONE_IN = 4;

/**
 * Reconciles a ledger in which all has been delivered and found right: as it is; and once more when an inbox row and an
 * outbox row have been taken away behind reconciliation's back.
 */
export async function reconcileDelivered(system: System, world: World): Promise<Violation[]> {
  const { record, draw, engines } = world;
  const state = ledgerStateOf(system, record);
  const { ids, ends } = state;
  const violations = checkCases(state);
  if (ids.length === 0 || draw('reconciliation', ONE_IN) !== 0) return violations;
  violations.push(...checkReconciliation(await reconciled(world, ids), state));

  const table = engines.dynamodb.table(LEDGER);
  // Of a subscriber that is gone nobody can tell what is missing there.
  const expectations = new Expectations(record.entries);
  const there = ends.filter(({ subscriber }) => !expectations.wasRemoved(subscriber));
  const forgotten = there[draw('forgotten end', there.length)];
  if (!forgotten) return violations;
  table.write(toItem(inboxKey(forgotten.subscriber, forgotten.id)), undefined);
  const others = ids.filter((id) => id !== forgotten.id);
  const orphan = others[draw('orphan', others.length)];
  if (orphan) table.write(toItem(outboxKey(orphan)), undefined);
  return [...violations, ...checkReconciliation(await reconciled(world, ids), ledgerStateOf(system, record))];
}

async function reconciled({ engines, schedule }: World, ids: readonly string[]) {
  const environment = testEnvironment({
    clock: { now: () => schedule.now() + LATER_MS, sleep: async () => undefined },
    random: seededRandom(1),
    engines,
    variables: {},
  });
  const times = ids.map(messageTime);
  const range = { from: Math.min(...times), to: Math.max(...times) };
  return reconcile(environment, { ledger: LEDGER, shards: SHARDS, ...range }).catch((error: unknown) => ({
    failure: String(error),
  }));
}
