import type { Change } from '../engines/index.ts';
import { decoded } from './evidence.ts';
import type { System } from './system.ts';

/** What reconciliation still has to do in a run, kept up to date at each commit, so that it costs nothing to ask. */
export class Unfinished {
  readonly #system: System;
  readonly #ledger: string;
  readonly #copies = new Set<string>();
  readonly #cases = new Set<string>();
  /** When the newest message was committed, in milliseconds since the epoch; 0 where none was. */
  lastCommit = 0;

  constructor(system: System, ledger: string) {
    this.#system = system;
    this.#ledger = ledger;
  }

  /** Whether a message has not ended at a subscriber that consumes it, or has a case that is open. */
  get any(): boolean {
    return this.#copies.size > 0 || this.#cases.size > 0;
  }

  /** To be called at each change of a row. */
  readonly onChange = ({ table, key, before, after, at }: Change): void => {
    if (table !== this.#ledger) return;
    const [kind, subscriber] = (key.pk?.S ?? '').split('#');
    const id = key.sk?.S ?? '';
    if (kind === 'out' && after && !before) {
      this.lastCommit = at;
      const type = decoded(after.envelope?.S ?? '')?.type;
      for (const { name, consumes } of this.#system.subscribers) {
        if (consumes.some((event) => event.type === type)) this.#copies.add(`${name} ${id}`);
      }
    } else if (kind === 'in') {
      this.#copies.delete(`${subscriber} ${id}`);
    } else if (kind === 'open') {
      if (after) this.#cases.add(id);
      else this.#cases.delete(id);
    }
  };
}
