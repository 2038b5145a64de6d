/** Something that is to happen at a moment of virtual time. */
export interface ScheduledEvent {
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** Orders events of one moment: drawn from the seed, so that another seed tries another order. */
  readonly tie: number;
  /** Orders events of one moment and one tie: the order in which they were scheduled. */
  readonly sequence: number;
  readonly run: () => void;
  cancelled: boolean;
}

/** Events by (time, tie, sequence), the earliest first. */
export class EventHeap {
  readonly #events: ScheduledEvent[] = [];

  push(event: ScheduledEvent): void {
    const events = this.#events;
    events.push(event);
    for (let place = events.length - 1; place > 0; ) {
      const parent = (place - 1) >> 1;
      if (!this.#isBefore(place, parent)) return;
      this.#swap(place, parent);
      place = parent;
    }
  }

  /** The earliest event that was not cancelled. */
  peek(): ScheduledEvent | undefined {
    while (this.#events[0]?.cancelled) this.#removeFirst();
    return this.#events[0];
  }

  pop(): ScheduledEvent | undefined {
    const first = this.peek();
    if (first) this.#removeFirst();
    return first;
  }

  #removeFirst(): void {
    const events = this.#events;
    const last = events.pop();
    if (!last || events.length === 0) return;
    events[0] = last;
    for (let place = 0; ; ) {
      let least = place;
      for (const child of [2 * place + 1, 2 * place + 2]) {
        if (child < events.length && this.#isBefore(child, least)) least = child;
      }
      if (least === place) return;
      this.#swap(place, least);
      place = least;
    }
  }

  #isBefore(place: number, other: number): boolean {
    return isBefore(this.#events[place] as ScheduledEvent, this.#events[other] as ScheduledEvent);
  }

  #swap(place: number, other: number): void {
    const event = this.#events[place] as ScheduledEvent;
    this.#events[place] = this.#events[other] as ScheduledEvent;
    this.#events[other] = event;
  }
}

export function isBefore(one: ScheduledEvent, other: ScheduledEvent): boolean {
  if (one.time !== other.time) return one.time < other.time;
  if (one.tie !== other.tie) return one.tie < other.tie;
  return one.sequence < other.sequence;
}
