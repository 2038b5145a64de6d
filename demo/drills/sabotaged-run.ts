import type { Hop } from 'waybill/operations';
import type { Progress } from '../../lib/cli/progress.ts';
import { lengthOf } from '../../lib/cli/span-text.ts';
import { messageTime } from '../../lib/message/message-id.ts';
import { type FinishedRun, type RunOptions, runOrders } from '../run.ts';
import { type Evidence, endedEverywhere } from '../verdict.ts';
import { PATIENCE } from '../watch.ts';
import { DEADLINE_MS, type Deeds, sabotage } from './sabotage.ts';
import { type NamedMessage, SabotageWatch } from './sabotage-watch.ts';

/** What `--sabotage` adds to the object of `--json`. */
export interface SabotageVerdict {
  /** What was broken, and at which hop it therefore stopped. */
  readonly sabotage: readonly Stopped[];
  /** Messages of the run that Waybill named missing. */
  readonly named: readonly Stopped[];
  /** Ids of sabotaged messages that have ended everywhere after all: handled, or abandoned where nobody expects them any more. */
  readonly healed: readonly string[];
  /** Ids of messages that Waybill named missing although nothing had been done to them, or at another hop. */
  readonly falselyNamed: readonly string[];
}

export interface Stopped {
  readonly id: string;
  readonly hop: Hop;
}

export interface SabotageEvidence extends Pick<Evidence, 'subscribers' | 'committed' | 'ended'> {
  readonly deeds: Deeds;
  readonly named: readonly NamedMessage[];
  readonly abandoned: ReadonlySet<string>;
}

/** A finished run in which things were broken: what Waybill said and did about it, as an object and in words. */
export interface SabotagedRun extends FinishedRun {
  readonly sabotage: { readonly verdict: SabotageVerdict; readonly summary: readonly string[] };
}

/** What is healed comes a minute or two after it was broken, and until then nothing moves. */
const LONG_PATIENCE = { ...PATIENCE, idle: 300_000 };

/**
 * Runs orders through the shop as `runOrders` does, breaks things meanwhile, and reconciles and heals every few seconds.
 *
 * @throws TooFewOrders, SabotageFailed, and whatever `runOrders` throws
 */
export async function runSabotaged(
  options: Omit<RunOptions, 'direct' | 'patience' | 'duplicates' | 'poison'>,
  progress: Pick<Progress, 'note'>,
): Promise<SabotagedRun> {
  const watch = new SabotageWatch(options.deployment, progress);
  const [over, failed] = [new AbortController(), new AbortController()];
  const interrupted = options.signal ? [options.signal] : [];
  const looking = watch.run(AbortSignal.any([over.signal, ...interrupted])).catch((error) => failed.abort(error));
  let deeds: Deeds = NOTHING;
  try {
    const finished = await runOrders({
      ...{ ...options, patience: LONG_PATIENCE, signal: AbortSignal.any([failed.signal, ...interrupted]) },
      direct: async (scene) => {
        deeds = await sabotage(scene, watch, progress);
      },
    });
    await watch.look();
    const { named, abandoned, resent } = watch;
    const verdict = judgeSabotage({ ...finished.evidence, deeds, named, abandoned });
    return { ...finished, sabotage: { verdict, summary: sabotageSummary(verdict, named, resent) } };
  } catch (error) {
    // Whatever fails once looking has failed fails because of that.
    throw failed.signal.aborted ? failed.signal.reason : error;
  } finally {
    over.abort();
    await looking;
  }
}

const NOTHING: Deeds = { refused: [], stolen: [], dropped: [], orphaned: [] };

/** Compares what was done with what Waybill said. */
export function judgeSabotage(evidence: SabotageEvidence): SabotageVerdict {
  const { refused, stolen, dropped, blocked, orphaned } = evidence.deeds;
  const ids = new Set(evidence.committed.map(({ id }) => id));
  const named = evidence.named.filter(({ id }) => ids.has(id));
  const stopped = (some: readonly string[], hop: Hop) => some.map((id): Stopped => ({ id, hop }));
  const broken = distinct([
    ...stopped(stolen, 'broker'),
    ...stopped([...refused, ...dropped], 'relay'),
    ...stopped([...(blocked?.overdue ?? []), ...orphaned], 'consumer'),
    // What came to its deadline while the block was being ended may be named or not.
    ...named.filter(
      ({ id, hop, subscriber }) =>
        hop === 'consumer' && subscriber === blocked?.subscriber && blocked.waiting.includes(id),
    ),
  ]);
  const right = new Set(broken.map(keyOf));
  const over = endedEverywhere(evidence);
  const isOver = (id: string) => over.has(id) && (!orphaned.includes(id) || evidence.abandoned.has(id));
  return {
    sabotage: broken,
    named: distinct(named),
    healed: idsOf(broken).filter(isOver),
    falselyNamed: idsOf(named.filter((one) => !right.has(keyOf(one)))),
  };
}

/** What is wrong with a sabotaged run, in words; empty when nothing is. */
export function sabotageProblems({ sabotage: broken, named, healed, falselyNamed }: SabotageVerdict): string[] {
  const said = new Set(named.map(keyOf));
  const hops: readonly Hop[] = ['relay', 'broker', 'consumer'];
  return [
    ...hops.filter((hop) => !broken.some((one) => one.hop === hop)).map((hop) => `Nothing was broken at the ${hop}`),
    ...broken.filter((one) => !said.has(keyOf(one))).map(({ id, hop }) => `Not named: ${id}, stopped at the ${hop}`),
    ...broken.filter(({ id }) => !healed.includes(id)).map(({ id, hop }) => `Not healed: ${id}, stopped at the ${hop}`),
    ...falselyNamed.map((id) => `Falsely named: ${id}`),
  ];
}

function sabotageSummary(verdict: SabotageVerdict, namings: readonly NamedMessage[], resent: number): string[] {
  const { sabotage: broken, named, healed, falselyNamed } = verdict;
  const said = new Set(named.map(keyOf));
  const hops = [...Map.groupBy(broken, ({ hop }) => hop)].map(([hop, some]) => {
    const right = some.filter((one) => said.has(keyOf(one))).length;
    const after = namings.filter((one) => one.hop === hop).map(({ id, at }) => at - messageTime(id) - DEADLINE_MS);
    const longest = lengthOf(Math.max(0, ...after));
    return `  ${hop.padEnd('consumer'.length)}  ${some.length} broken, ${right} named, at most ${longest} after their deadline`;
  });
  const ids = idsOf(broken).length;
  const sent = `${resent} copies of them sent again from here`;
  return [
    `sabotage: ${ids} messages`,
    ...hops,
    `  ${healed.length} of ${ids} healed or abandoned, ${sent}; ${falselyNamed.length} falsely named`,
  ];
}

function distinct(some: readonly Stopped[]): Stopped[] {
  return [...new Map(some.map(({ id, hop }) => [keyOf({ id, hop }), { id, hop }])).values()];
}

function idsOf(some: readonly Stopped[]): string[] {
  return [...new Set(some.map(({ id }) => id))];
}

function keyOf({ id, hop }: Stopped): string {
  return `${id} ${hop}`;
}
