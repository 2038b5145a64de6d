import type { Case } from './cases.ts';

/** Cases that are held for a run, so that those of thousands of messages at hundreds of subscribers fit into memory. */
const HELD = 10_000;
/** Cases of one subscriber that are held at least, however many subscribers have some. */
const HELD_AT_LEAST = 100;

/**
 * The cases that are due, chosen so that none hides another: each subscriber has its turn, whatever stands still at others,
 * and of its cases those come first that were not looked at for the longest time, whichever shard they lie in.
 */
export class DueCases {
  readonly #bySubscriber = new Map<string, Case[]>();
  readonly #leave: (left: Case) => void;

  /** @param leave takes what there is no room for: it has its turn in a later run */
  constructor(leave: (left: Case) => void) {
    this.#leave = leave;
  }

  add(due: Case): void {
    const held = this.#bySubscriber.get(due.subscriber) ?? [];
    this.#bySubscriber.set(due.subscriber, held);
    held.push(due);
    const room = Math.max(HELD_AT_LEAST, Math.floor(HELD / this.#bySubscriber.size));
    if (held.length >= 2 * room) this.#bySubscriber.set(due.subscriber, this.#longestWaiting(held, room));
  }

  /** So many cases, the subscribers by turns. What is left over has its turn in a later run. */
  inTurn(most: number): Case[] {
    const waiting = [...this.#bySubscriber.values()].map((held) => held.sort(byNext));
    const chosen: Case[] = [];
    for (let turn = 0; waiting.some((held) => turn < held.length); turn++) {
      for (const held of waiting) {
        const one = held[turn];
        if (one && chosen.length < most) chosen.push(one);
        else if (one) this.#leave(one);
      }
    }
    return chosen;
  }

  #longestWaiting(held: Case[], room: number): Case[] {
    held.sort(byNext);
    for (const left of held.slice(room)) this.#leave(left);
    return held.slice(0, room);
  }
}

function byNext(one: Case, other: Case): number {
  return one.next - other.next;
}
