import type { SubscriberDefinition } from 'waybill';
import type { Hop } from 'waybill/operations';
import type { Progress } from '../lib/cli/progress.ts';
import { lengthOf } from '../lib/cli/span-text.ts';
import { messageTime } from '../lib/message/message-id.ts';
import { SUBSCRIBERS } from './deployment.ts';
import { type FinishedRun, type RunOptions, runOrders } from './run.ts';
import { DEADLINE_MS, type Deeds, sabotage } from './sabotage.ts';
import { type NamedMessage, SabotageWatch } from './sabotage-watch.ts';
import type { EndedMessage, TrackedMessage } from './tracker.ts';
import { PATIENCE } from './watch.ts';

/** What `--sabotage` adds to the object of `--json`. */
export interface SabotageVerdict {
  /** What was broken, and at which hop it therefore stopped. */
  readonly sabotage: readonly Stopped[];
  /** Messages of the run that Waybill named missing. */
  readonly named: readonly Stopped[];
  /** Ids of sabotaged messages that have ended everywhere after all. */
  readonly healed: readonly string[];
  /** Ids of messages that Waybill named missing although nothing had been done to them, or at another hop. */
  readonly falselyNamed: readonly string[];
}

export interface Stopped {
  readonly id: string;
  readonly hop: Hop;
}

export interface SabotageEvidence {
  readonly deeds: Deeds;
  readonly named: readonly NamedMessage[];
  readonly subscribers: readonly SubscriberDefinition[];
  readonly committed: readonly TrackedMessage[];
  readonly ended: readonly EndedMessage[];
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
  const over = new AbortController();
  const failed = new AbortController();
  const interrupted = options.signal ? [options.signal] : [];
  const looking = watch.run(AbortSignal.any([over.signal, ...interrupted])).catch((error) => failed.abort(error));
  let deeds: Deeds = { stolen: [], dropped: [] };
  try {
    const finished = await runOrders({
      ...options,
      patience: LONG_PATIENCE,
      signal: AbortSignal.any([failed.signal, ...interrupted]),
      direct: async (scene) => {
        deeds = await sabotage(scene, () => watch.look(), progress);
      },
    });
    await watch.look();
    const { named, resent } = watch;
    const verdict = judgeSabotage({ ...finished.evidence, deeds, named, subscribers: SUBSCRIBERS });
    return { ...finished, sabotage: { verdict, summary: sabotageSummary(verdict, named, resent) } };
  } catch (error) {
    // Whatever fails once looking has failed fails because of that.
    throw failed.signal.aborted ? failed.signal.reason : error;
  } finally {
    over.abort();
    await looking;
  }
}

/** Compares what was done with what Waybill said. */
export function judgeSabotage(evidence: SabotageEvidence): SabotageVerdict {
  const { deeds, subscribers, committed, ended } = evidence;
  const { stolen, dropped, blocked } = deeds;
  const typeOf = new Map(committed.map(({ id, type }) => [id, type]));
  const named = evidence.named.filter(({ id }) => typeOf.has(id));
  const broken = distinct([
    ...stolen.map((id): Stopped => ({ id, hop: 'broker' })),
    ...dropped.map((id): Stopped => ({ id, hop: 'relay' })),
    ...(blocked?.overdue ?? []).map((id): Stopped => ({ id, hop: 'consumer' })),
    // What came to its deadline while the block was being ended may be named or not.
    ...named.filter(
      ({ id, hop, subscriber }) =>
        hop === 'consumer' && subscriber === blocked?.subscriber && blocked.waiting.includes(id),
    ),
  ]);
  const right = new Set(broken.map(keyOf));
  const ends = new Set(ended.map(({ subscriber, message }) => `${subscriber} ${message.id}`));
  const hasEnded = (id: string) =>
    subscribers
      .filter(({ consumes }) => consumes.some(({ type }) => type === typeOf.get(id)))
      .every(({ name }) => ends.has(`${name} ${id}`));
  return {
    sabotage: broken,
    named: distinct(named),
    healed: idsOf(broken).filter(hasEnded),
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
  return [
    `sabotage: ${ids} messages`,
    ...hops,
    `  ${healed.length} of ${ids} healed, ${resent} copies of them sent again from here; ${falselyNamed.length} falsely named`,
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
