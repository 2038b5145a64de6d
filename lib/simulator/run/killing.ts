/** Has the invocations of a function be killed: each by its requests so far, the next one of the same kind some positions later. */
export class Killing {
  readonly #step: number;
  readonly #first: number;
  /** By the kind of the event: a function that a schedule and a queue invoke does other work for each. */
  readonly #next = new Map<string, number>();

  /** @param first the position at which the first one is killed: 0 before its first request, 1 once that is carried out, and so on */
  constructor(first: number, step: number) {
    this.#first = first;
    this.#step = step;
  }

  /** The position at which the invocation that begins now is killed, if it comes so far. */
  begin(event: object): number {
    const kind = kindOf(event);
    const position = this.#next.get(kind) ?? this.#first;
    this.#next.set(kind, position + this.#step);
    return position;
  }

  /** An invocation has got through: those to come are killed from the first position on again. */
  restart(event: object): void {
    this.#next.delete(kindOf(event));
  }
}

function kindOf(event: object): string {
  return Object.keys(event).sort().join(' ');
}
