import { RECONCILER } from '../faults/site.ts';
import type { RecordEntry, RunRecord } from '../run/run-record.ts';
import type { System } from '../system.ts';
import type { Evidence } from './evidence.ts';
import { HealingHistory } from './healing-history.ts';
import type { Leniency } from './leniency.ts';
import type { Violation } from './violation.ts';

/** Messages that a run of reconciliation may send again, and the share of all that it may. */
const LEAST_BUDGET = 10;
const BUDGET_SHARE = 0.01;
/** Two runs that heal the same message are so many milliseconds apart at least. */
const SPACING_MS = 30_000;

/**
 * R: while it runs, reconciliation names and heals only what is missing. What had ended before a run began is not named by
 * it; what was on its way in its subscriber's queue is not sent again; two runs do not send the same; and none sends more
 * to a subscriber than its budget.
 */
export function checkHealing(
  system: System,
  { entries }: RunRecord,
  { receipts, committed }: Evidence,
  leniency: Leniency,
): Violation[] {
  const history = new HealingHistory(system, receipts);
  const wrong: string[] = [];
  for (const [place, entry] of entries.entries()) {
    history.add(entry, place);
    const named = namedAsMissing(entry);
    if (named && history.endedBefore(named.invocation, named.id, named.subscriber)) {
      wrong.push(`${named.id} is named as missing at ${named.subscriber}, where it had ended`);
    }
    if (entry.kind === 'named' && history.committedBefore(entry.invocation, entry.id)) {
      wrong.push(`${entry.id} is named as uncaused at ${entry.subscriber}, and was committed`);
    }
  }
  wrong.push(...sentNeedlessly(history, leniency), ...sentBeyondBudget(history, committed.size));
  return wrong.map((what) => ({ invariant: 'R', what }));
}

function sentNeedlessly({ resent }: HealingHistory, { inSight, onTime }: Leniency): string[] {
  return resent.flatMap((one) => {
    const { id, to, hadEnded, wasUnderWay } = one;
    const twin = resent.some(
      (other) =>
        other.id === id &&
        other.to === to &&
        other.invocation > one.invocation &&
        Math.abs(other.begun - one.begun) < SPACING_MS &&
        Math.abs(other.at - one.at) < SPACING_MS,
    );
    return [
      ...(hadEnded ? [`${id} is sent to ${to} again, where it had ended`] : []),
      ...(wasUnderWay && inSight(to) ? [`${id} is sent to ${to} again, in whose queue it lies`] : []),
      ...(twin && onTime ? [`${id} is sent to ${to} again by two runs at once`] : []),
    ];
  });
}

/** @param committed messages that were committed in the run */
function sentBeyondBudget({ resent }: HealingHistory, committed: number): string[] {
  const budget = Math.max(LEAST_BUDGET, Math.ceil(committed * BUDGET_SHARE));
  return [...Map.groupBy(resent, ({ invocation, to }) => `${invocation} ${to}`).values()].flatMap((sent) => {
    const copies = new Set(sent.map(({ id }) => id)).size;
    return copies > budget ? [`a run sends ${copies} messages to ${sent[0]?.to} again, and may ${budget}`] : [];
  });
}

/** The message that an entry is a case of, where reconciliation has written down that it is missing. */
function namedAsMissing(entry: RecordEntry) {
  if (entry.kind !== 'row' || entry.row?.kind !== 'case' || entry.origin?.actor !== RECONCILER) return undefined;
  const { after } = entry.change;
  if (!after || after.state?.S === 'waiting' || after.state?.S === 'unjudged') return undefined;
  const [id = '', subscriber = ''] = entry.row.sk.split('#');
  return { id, subscriber, invocation: entry.origin.invocation ?? 0 };
}
