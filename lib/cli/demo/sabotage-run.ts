import type { Progress } from '../progress.ts';
import { type FinishedRun, type RunOptions, runOrders } from './run.ts';
import { type Deeds, sabotage } from './sabotage.ts';
import { judgeSabotage, type SabotageVerdict } from './sabotage-verdict.ts';
import { SabotageWatch } from './sabotage-watch.ts';
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
    const { committed, ended } = finished.evidence;
    const verdict = judgeSabotage({
      ...{ deeds, committed, ended, subscribers: shop.SUBSCRIBERS },
      named: watch.named,
      deadlines: await watch.deadlines(),
    });
    return { finished, verdict, resent: watch.resent };
  } finally {
    over.abort();
    await looking;
  }
}

/** What sabotage came to, in words, line by line. */
export function sabotageSummary({ verdict, resent }: SabotagedRun): string[] {
  const { sabotage: broken, named, healed, falselyNamed } = verdict;
  const said = new Set(named.map(({ id, hop }) => `${id} ${hop}`));
  const hops = [...Map.groupBy(broken, ({ hop }) => hop)].map(([hop, some]) => {
    const right = some.filter(({ id }) => said.has(`${id} ${hop}`)).length;
    return `  ${hop.padEnd('consumer'.length)}  ${some.length} broken, ${right} named`;
  });
  const ids = new Set(broken.map(({ id }) => id)).size;
  return [
    `sabotage: ${ids} messages`,
    ...hops,
    `  healed: ${healed.length} of ${ids}, by ${resent} copies sent again; falsely named: ${falselyNamed.length}`,
  ];
}
