import { decoded } from '../run/envelopes.ts';
import type { System } from '../system.ts';
import type { Effect, End, Evidence } from './evidence.ts';
import type { Violation } from './violation.ts';

/** D: a message takes effect once at a subscriber, ends once, and messages that mean the same take effect once. */
export function checkEffects(system: System, evidence: Evidence): Violation[] {
  const subscribers = new Set(system.subscribers.map(({ name }) => name));
  return [
    ...doubledEffects(subscribers, evidence),
    ...doubledEnds(evidence),
    ...doubledKeys(evidence),
    ...prematureLetters(subscribers, evidence),
  ];
}

function doubledEffects(subscribers: ReadonlySet<string>, evidence: Evidence): Violation[] {
  const commits = new Map<string, number>();
  for (const effect of evidence.effects) {
    if (!subscribers.has(effect.origin.actor)) continue;
    const id = causeOf(effect, evidence);
    if (id === undefined) continue;
    const what = [...(effect.rows > 0 ? ['wrote'] : []), ...(effect.published.length > 0 ? ['published'] : [])];
    for (const did of what) {
      const key = `${id} ${did} at ${effect.origin.actor}`;
      commits.set(key, (commits.get(key) ?? 0) + 1);
    }
  }
  return [...commits]
    .filter(([, count]) => count > 1)
    .map(([what, count]) => ({ invariant: 'D', what: `${what} ${count} times` }));
}

/**
 * The message whose handling an effect is: the one that ended in the same transaction, or that caused what it published,
 * or the only one that the invocation was given. `undefined` where none of these says it.
 */
function causeOf({ origin, commit, published }: Effect, { ends, given }: Evidence): string | undefined {
  const end = ends.find((one) => one.commit === commit && one.subscriber === origin.actor);
  if (end) return end.id;
  const [message] = published;
  if (message?.causationid) return message.causationid;
  const texts = given.get(`${origin.actor} ${origin.invocation}`) ?? [];
  return texts.length === 1 ? decoded(texts[0] ?? '')?.id : undefined;
}

/** However its row is keyed, a message ends once; but what is dead may be sent again by an operator. */
function doubledEnds({ ends, carried }: Evidence): Violation[] {
  const last = new Map<string, End>();
  return ends.flatMap((end): Violation[] => {
    const { subscriber, id, state, place } = end;
    const key = `${subscriber} ${id}`;
    const before = last.get(key);
    last.set(key, end);
    const isAllowed = !before || (before.state === 'dead' && (state === 'dead' || wasRedriven(carried, end, place)));
    if (isAllowed) return [];
    return [
      { invariant: 'D', what: `${id} ended as ${state} at ${subscriber}, where it had ended as ${before.state}` },
    ];
  });
}

function wasRedriven(carried: Evidence['carried'], { subscriber, id }: End, before: number): boolean {
  return carried.some(
    ({ to, place, envelope, reason, redrive }) =>
      to === subscriber && place < before && envelope?.id === id && (reason ?? redrive) !== undefined,
  );
}

/** An idempotency key that was taken while another message had it. */
function doubledKeys({ once }: Evidence): Violation[] {
  return once.flatMap(({ change: { key, before, after }, at }): Violation[] => {
    const until = Number(before?.until?.N ?? 0);
    if (!before || until <= at || before.message?.S === after?.message?.S) return [];
    return [
      { invariant: 'D', what: `${key.pk?.S} was taken by ${after?.message?.S}, and ${before.message?.S} has it` },
    ];
  });
}

/** A dead letter of a message that might still be handled. */
function prematureLetters(subscribers: ReadonlySet<string>, { carried, ends, begun }: Evidence): Violation[] {
  return carried.flatMap(({ to, letterOf: id, place, by, invocation }): Violation[] => {
    const subscriber = to.replace(/-dead$/, '');
    if (by === undefined || !id || to === subscriber || !subscribers.has(subscriber)) return [];
    const before = ends.filter((end) => end.subscriber === subscriber && end.id === id && end.place < place);
    // The sender of a letter has seen the message dead. Meanwhile an operator may have redriven it, and it was handled.
    const since = begun.get(`${by} ${invocation}`) ?? place;
    const wasDead = before.some(({ state }, index) => state === 'dead' && (before[index + 1]?.place ?? place) > since);
    if (wasDead) return [];
    const what = `a dead letter of ${id} was sent, though it has ${before.length > 0 ? `ended as ${before.at(-1)?.state}` : 'not ended'} at ${subscriber}`;
    return [{ invariant: 'D', what }];
  });
}
