import { CHECK_BACK, FORWARDER, PRODUCER, RECONCILER, SWEEP } from '../faults/site.ts';
import type { RunRecord } from '../run/run-record.ts';
import type { Evidence } from './evidence.ts';
import type { SendingEvidence } from './sending-evidence.ts';

/** What becomes of messages that are sent in other ways than by `publish` at once, as a certificate names it. */
export const SENDING_TRAITS = {
  /** A message was handled after its moment. */
  delayed: 'delayed',
  /** The sweep has sent a message. */
  swept: 'swept',
  /** A message's own schedule has fired. */
  scheduled: 'scheduled',
  /** A message was received before its moment, and went back to wait. */
  hop: 'delay-hop',
  /** A handshake ended with the mark of its producer. */
  sent: 'handshake-sent',
  /** Reconciliation has sent what its producer did not come to send. */
  pendingHealed: 'pending-healed',
  cancelled: 'cancelled',
  /** A message could not be taken back: somebody had handled it. */
  tooLate: 'too-late',
  rescheduled: 'rescheduled',
  /** A half message's producer has committed it. */
  halfCommitted: 'half-committed',
  /** The check-back has committed a half message. */
  halfCheckedBack: 'half-checked-back',
  halfRolledBack: 'half-rolled-back',
  /** The owner of a local transaction was asked for it before it was over. */
  halfAskedEarly: 'half-asked-early',
  halfQuarantined: 'half-quarantined',
} as const;

type Trait = (typeof SENDING_TRAITS)[keyof typeof SENDING_TRAITS];

/** Earlier than this, what was received goes back to wait. */
const HOLD = 1_500;

/** How often each of it was met in a run, by the record alone. */
export function sendingTraitsIn(
  { entries }: RunRecord,
  { ends, carried }: Evidence,
  { moments, withdrawn, halves, sending, told }: SendingEvidence,
): Record<string, number> {
  const met: Partial<Record<Trait, number>> = {};
  const meet = (trait: Trait, times: number) => {
    if (times > 0) met[trait] = (met[trait] ?? 0) + times;
  };
  const traits = SENDING_TRAITS;
  meet(traits.delayed, ends.filter(({ id, state }) => state === 'handled' && moments.has(id)).length);
  meet(traits.swept, carried.filter(({ by, to, envelope }) => by === SWEEP && envelope && to !== FORWARDER).length);
  meet(traits.scheduled, carried.filter(({ by, to, text }) => !by && to === FORWARDER && isNotice(text)).length);
  meet(traits.sent, [...sending.values()].filter((state) => state === 'sent').length);
  const healed = carried.filter(({ by, to, envelope }) => by === RECONCILER && to === FORWARDER && envelope);
  meet(traits.pendingHealed, healed.filter(({ envelope }) => sending.has(envelope?.id ?? '')).length);
  const replaced = [...withdrawn.values()].filter(({ replacedBy }) => replacedBy !== undefined).length;
  meet(traits.rescheduled, replaced);
  meet(traits.cancelled, withdrawn.size - replaced);
  meet(
    traits.tooLate,
    told.reduce((times, { kept }) => times + kept.length, 0),
  );
  const askedAt = new Map<string, number>();
  for (const [place, entry] of entries.entries()) {
    if (entry.kind === 'queue' && entry.event.kind === 'received') {
      const { queue, message } = entry.event;
      const half = queue === CHECK_BACK ? halfIn(message.body) : undefined;
      if (half !== undefined && !askedAt.has(half)) askedAt.set(half, place);
      const moment = queue === CHECK_BACK || queue === FORWARDER ? undefined : moments.get(idIn(message.body) ?? '');
      if (moment !== undefined && entry.at < moment - HOLD) meet(traits.hop, 1);
    }
  }
  for (const { id, states } of halves) {
    const decided = states.find(({ row }) => row.state !== 'prepared');
    if (states.at(-1)?.row.quarantined !== undefined) meet(traits.halfQuarantined, 1);
    if (!decided) continue;
    const { row, origin, place } = decided;
    const isCommitted = row.state === 'committed';
    if (!isCommitted) meet(traits.halfRolledBack, 1);
    else if (origin?.actor === CHECK_BACK) meet(traits.halfCheckedBack, 1);
    else meet(traits.halfCommitted, 1);
    if (origin?.actor === PRODUCER && (askedAt.get(id) ?? Infinity) < place) meet(traits.halfAskedEarly, 1);
  }
  return met;
}

function isNotice(text: string): boolean {
  return text.startsWith('{"due":');
}

function idIn(text: string): string | undefined {
  return /"id":"([0-9a-f-]{36})"/.exec(text)?.[1];
}

function halfIn(text: string): string | undefined {
  return /"half":"([^"]+)"/.exec(text)?.[1];
}
