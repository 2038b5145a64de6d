import { messageTime } from '../../message/message-id.ts';
import { FORWARDER, RECONCILER, RELAY, SWEEP } from '../faults/site.ts';
import type { RunRecord } from '../run/run-record.ts';
import { type System, streamOf } from '../system.ts';
import { sickIn } from './check-latency.ts';
import type { Evidence } from './evidence.ts';
import type { Leniency } from './leniency.ts';
import type { Violation } from './violation.ts';

/** Copies of a message that the framework may send to a destination. */
const MOST_COPIES = 3;
/** How late a message may be where its own destination takes everything. */
const LATENESS_MS = 60_000;

const SENDERS: ReadonlySet<string | undefined> = new Set([RELAY, FORWARDER, SWEEP, RECONCILER]);

/**
 * T2: where nothing fails but that one destination takes nothing for hours, every other has its messages in time, and in
 * few copies.
 */
export function checkBulkhead(
  system: System,
  record: RunRecord,
  evidence: Evidence,
  { sickOnly }: Leniency,
): Violation[] {
  if (!sickOnly) return [];
  const sick = sickIn(record);
  return [...tooManyCopies(evidence, sick), ...tooLate(system, evidence, sick)].map((what) => ({
    invariant: 'T2',
    what,
  }));
}

function tooManyCopies({ carried }: Evidence, sick: ReadonlySet<string>): string[] {
  const copies = new Map<string, number>();
  for (const { to, by, envelope, letterOf } of carried) {
    if (!envelope || letterOf !== undefined || !SENDERS.has(by) || to === FORWARDER || sick.has(to)) continue;
    const copy = `${envelope.id} to ${to}`;
    copies.set(copy, (copies.get(copy) ?? 0) + 1);
  }
  const many = [...copies].filter(([, count]) => count > MOST_COPIES);
  return many.map(([copy, count]) => `${count} copies of ${copy} were sent while another destination refused`);
}

function tooLate(system: System, evidence: Evidence, sick: ReadonlySet<string>): string[] {
  const { ends, deliverAt } = evidence;
  return ends.flatMap((end) => {
    const { id, subscriber, state, at } = end;
    const late = at - Math.max(messageTime(id), deliverAt.get(id) ?? 0);
    const isSick = sick.has(subscriber) || sick.has(streamOf(system, subscriber) ?? '');
    if (isSick || state !== 'handled' || late <= LATENESS_MS || evidence.hasFailed(end)) return [];
    return [`${id} was handled at ${subscriber} ${late} ms after its moment, while another destination refused`];
  });
}
