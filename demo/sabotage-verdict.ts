import type { SubscriberDefinition } from 'waybill';
import type { Hop } from '../lib/inspect/inspection.ts';
import { messageTime } from '../lib/message/message-id.ts';
import type { EndedMessage, TrackedMessage } from './message-tracker.ts';
import type { Deeds } from './sabotage.ts';
import type { NamedMessage } from './sabotage-watch.ts';

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
  /** Milliseconds from commit within which a message should have ended, by subscriber. */
  readonly deadlines: ReadonlyMap<string, number>;
}

/** Compares what was done with what Waybill said. */
export function judgeSabotage(evidence: SabotageEvidence): SabotageVerdict {
  const { deeds, committed, named } = evidence;
  const ofRun = new Set(committed.map(({ id }) => id));
  const ours = named.filter(({ id }) => ofRun.has(id));
  const sabotage = distinct([
    ...deeds.stolen.map((id): Stopped => ({ id, hop: 'broker' })),
    ...deeds.dropped.map((id): Stopped => ({ id, hop: 'relay' })),
    ...heldTooLong(evidence).map((id): Stopped => ({ id, hop: 'consumer' })),
    // What came to its deadline while the block was being ended may be named or not.
    ...ours.filter((one) => one.hop === 'consumer' && wasHeld(evidence, one)),
  ]);
  const right = new Set(sabotage.map(keyOf));
  return {
    sabotage,
    named: distinct(ours),
    healed: [...new Set(sabotage.map(({ id }) => id))].filter((id) => hasEndedEverywhere(evidence, id)),
    falselyNamed: [...new Set(ours.filter((one) => !right.has(keyOf(one))).map(({ id }) => id))],
  };
}

/** What is wrong with a sabotaged run, in words; empty when nothing is. */
export function sabotageProblems({ sabotage, named, healed, falselyNamed }: SabotageVerdict): string[] {
  const said = new Set(named.map(keyOf));
  const well = new Set(healed);
  const hops: readonly Hop[] = ['relay', 'broker', 'consumer'];
  return [
    ...hops.filter((hop) => !sabotage.some((one) => one.hop === hop)).map((hop) => `Nothing was broken at the ${hop}`),
    ...sabotage.filter((one) => !said.has(keyOf(one))).map(({ id, hop }) => `Not named: ${id}, stopped at the ${hop}`),
    ...sabotage.filter(({ id }) => !well.has(id)).map(({ id, hop }) => `Not healed: ${id}, stopped at the ${hop}`),
    ...falselyNamed.map((id) => `Falsely named: ${id}`),
  ];
}

/** The messages that were overdue at a blocked subscriber when Waybill last looked before the block ended. */
function heldTooLong(evidence: SabotageEvidence): string[] {
  const { deeds, subscribers, committed, deadlines } = evidence;
  // What was deleted or dropped was not in the queue.
  const elsewhere = new Set([...deeds.stolen, ...deeds.dropped]);
  return deeds.blocks.flatMap(({ subscriber, to, looked }) => {
    if (looked === undefined) return [];
    const types = subscribers.find(({ name }) => name === subscriber)?.consumes.map(({ type }) => type);
    const deadline = deadlines.get(subscriber) ?? Number.POSITIVE_INFINITY;
    return committed
      .filter(({ id, type }) => types?.includes(type) && messageTime(id) + deadline <= looked)
      .filter(({ id }) => !elsewhere.has(id) && endOf(evidence, id, subscriber) >= to)
      .map(({ id }) => id);
  });
}

/** Whether a message was there, and had not ended, while its subscriber was blocked. */
function wasHeld(evidence: SabotageEvidence, { id, subscriber }: NamedMessage): boolean {
  return evidence.deeds.blocks.some(
    (block) =>
      block.subscriber === subscriber && messageTime(id) < block.to && endOf(evidence, id, subscriber) > block.from,
  );
}

/** When it ended at a subscriber, in milliseconds since the epoch. */
function endOf({ ended }: SabotageEvidence, id: string, subscriber: string): number {
  const end = ended.find((one) => one.message.id === id && one.subscriber === subscriber);
  return end?.row.hops.ended ?? Number.POSITIVE_INFINITY;
}

function hasEndedEverywhere(evidence: SabotageEvidence, id: string): boolean {
  const type = evidence.committed.find((message) => message.id === id)?.type;
  return evidence.subscribers
    .filter(({ consumes }) => consumes.some((event) => event.type === type))
    .every(({ name }) => Number.isFinite(endOf(evidence, id, name)));
}

function distinct(some: readonly Stopped[]): Stopped[] {
  return [...new Map(some.map(({ id, hop }) => [keyOf({ id, hop }), { id, hop }])).values()];
}

function keyOf({ id, hop }: Stopped): string {
  return `${id} ${hop}`;
}
