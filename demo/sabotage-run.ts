import type { Progress } from '../lib/cli/progress.ts';
import { lengthOf } from '../lib/cli/span-text.ts';
import { messageTime } from '../lib/message/message-id.ts';
import { type FinishedRun, type RunOptions, runOrders } from './run.ts';
import { type Deeds, sabotage } from './sabotage.ts';
import { judgeSabotage, type SabotageVerdict } from './sabotage-verdict.ts';
import { type NamedMessage, SabotageWatch } from './sabotage-watch.ts';
import { PATIENCE } from './watch.ts';

export interface SabotagedRunOptions extends Omit<RunOptions, 'direct' | 'patience' | 'duplicates' | 'poison'> {
  readonly progress: Pick<Progress, 'step' | 'count' | 'note'>;
}

/** A finished run in which things were broken, and what Waybill said and did about it. */
export interface SabotagedRun {
  readonly finished: FinishedRun;
  readonly verdict: SabotageVerdict;
  /** Copies that were sent again from here. */
  readonly resent: number;
  /** By hop, the most milliseconds from a broken message's deadline until it was named. */
  readonly namedAfter: ReadonlyMap<string, number>;
}

/** What is healed comes a minute or two after it was broken, and until then nothing moves. */
const LONG_PATIENCE = { ...PATIENCE, idle: 300_000 };

/**
 * Runs orders through the shop as `runOrders` does, breaks things meanwhile, and reconciles and heals every few seconds.
 *
 * @throws TooFewOrders, SabotageFailed, and whatever `runOrders` throws
 */
export async function runSabotaged(options: SabotagedRunOptions): Promise<SabotagedRun> {
  const { shop, deployment, progress, signal } = options;
  const watch = new SabotageWatch(deployment, progress);
  const over = new AbortController();
  const failed = new AbortController();
  const ending = [over.signal, failed.signal, ...(signal ? [signal] : [])];
  const looking = watch.run(AbortSignal.any(ending)).catch((error: unknown) => failed.abort(error));
  let deeds: Deeds = { stolen: [], dropped: [], blocks: [] };
  try {
    const finished = await runOrders({
      ...options,
      duplicates: 0,
      poison: 0,
      patience: LONG_PATIENCE,
      signal: signal ? AbortSignal.any([signal, failed.signal]) : failed.signal,
      direct: async (scene) => {
        deeds = await sabotage(scene, watch, progress);
      },
    });
    await watch.look();
    const { committed, ended } = finished.evidence;
    const { named } = watch;
    const deadlines = await watch.deadlines();
    const verdict = judgeSabotage({ deeds, committed, ended, named, deadlines, subscribers: shop.SUBSCRIBERS });
    return { finished, verdict, resent: watch.resent, namedAfter: longestUntilNamed(named, deadlines) };
  } catch (error) {
    // Whatever fails once looking has failed fails because of that.
    throw failed.signal.aborted ? failed.signal.reason : error;
  } finally {
    over.abort();
    await looking;
  }
}

function longestUntilNamed(
  named: readonly NamedMessage[],
  deadlines: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const longest = new Map<string, number>();
  for (const { id, subscriber, hop, at } of named) {
    const after = at - messageTime(id) - (deadlines.get(subscriber) ?? 0);
    longest.set(hop, Math.max(after, longest.get(hop) ?? 0));
  }
  return longest;
}

/** What sabotage came to, in words, line by line. */
export function sabotageSummary({ verdict, resent, namedAfter }: SabotagedRun): string[] {
  const { sabotage: broken, named, healed, falselyNamed } = verdict;
  const said = new Set(named.map(({ id, hop }) => `${id} ${hop}`));
  const hops = [...Map.groupBy(broken, ({ hop }) => hop)].map(([hop, some]) => {
    const right = some.filter(({ id }) => said.has(`${id} ${hop}`)).length;
    const after = lengthOf(namedAfter.get(hop) ?? 0);
    return `  ${hop.padEnd('consumer'.length)}  ${some.length} broken, ${right} named, at most ${after} after their deadline`;
  });
  const ids = new Set(broken.map(({ id }) => id)).size;
  return [
    `sabotage: ${ids} messages`,
    ...hops,
    `  ${healed.length} of ${ids} healed, ${resent} copies of them sent again from here; ${falselyNamed.length} falsely named`,
  ];
}
