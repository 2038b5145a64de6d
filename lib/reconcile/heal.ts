import { concurrently } from '../aws/concurrently.ts';
import { MINUTE_MS } from '../contract/time.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { casesOf } from './cases.ts';
import { DueCases } from './due-cases.ts';
import { Healer } from './healer.ts';
import type { Healing, HealOptions } from './healing.ts';
import { isOver } from './time-left.ts';

export { HEALING_TRIES } from './healer.ts';

/** Cases that one run looks at, so that a subscriber that stood still for a day does not stop reconciliation. */
const CASES_A_RUN = 5_000;
const CASES_AT_ONCE = 16;
/** A large ledger has thousands of shards, of which nearly all have no case. */
const SHARDS_AT_ONCE = 8;

/**
 * Follows up the cases: closes those that have ended, and sends again what is missing, to the subscriber that lacks it.
 * What is late is left alone, and so is what a consumer that stands still or is paused will find in its queue, which is looked
 * at once. Each try is spaced by the queue's visibility timeout at least, and a run sends no more to a subscriber than its budget: one
 * that was paused for an hour makes no storm.
 *
 * Subscribers have their turns, and each run begins with another shard, so that no number of cases hides another.
 *
 * What its producer did not come to send, and a delayed message that nothing has put to wait, go into the ledger's forward
 * queue: the forwarder sends them to everybody who expects them, in their moment.
 */
export async function heal(ledger: Ledger, options: HealOptions): Promise<Healing> {
  const { environment, shards } = ledger;
  const healer = new Healer(ledger, options);
  const due = new DueCases((left) => healer.leave(left));
  const first = Math.floor(environment.now() / MINUTE_MS) % shards;
  const inTurn = Array.from({ length: shards }, (_, turn) => (first + turn) % shards);
  await concurrently(SHARDS_AT_ONCE, inTurn, async (shard) => {
    if (isOver(ledger, options)) return;
    for await (const one of casesOf(ledger, shard)) {
      if (one.state === 'closed') continue;
      if (one.next > environment.now() || (await healer.standsStill(one))) healer.leave(one);
      else due.add(one);
    }
  });
  await concurrently(CASES_AT_ONCE, due.inTurn(CASES_A_RUN), async (one) => {
    if (isOver(ledger, options)) healer.leave(one);
    else await healer.followUp(one);
  });
  await healer.noteEnded();
  return healer.healing();
}
