import type { Fault, FaultKind, PlannedFault } from './fault.ts';
import type { Site } from './site.ts';

/** The faults of one run: says what happens when a site is reached, and counts what has happened. */
export class FaultPlan {
  readonly #faults = new Map<string, Fault>();
  readonly #reached = new Map<Site, number>();
  readonly #lasting = new Map<Site, { readonly fault: Fault; left: number }>();
  #healed = false;
  /** How often each kind of fault has happened. */
  readonly fired: Partial<Record<FaultKind, number>> = {};
  /** Called at each fault that happens. */
  readonly #onFault: (site: Site, nth: number, fault: Fault) => void;

  constructor(faults: readonly PlannedFault[], onFault: (site: Site, nth: number, fault: Fault) => void) {
    for (const { site, nth, fault } of faults) this.#faults.set(`${site} ${nth}`, fault);
    this.#onFault = onFault;
  }

  /** How often the site has been reached. */
  reached(site: Site): number {
    return this.#reached.get(site) ?? 0;
  }

  /**
   * Counts that a site is reached, and says what goes wrong there.
   *
   * @param happens whether the fault can happen to what is at hand, e.g. a partial failure to a request with entries
   */
  reach(site: Site, happens: (fault: Fault) => boolean = () => true): Fault | undefined {
    const nth = this.reached(site);
    this.#reached.set(site, nth + 1);
    if (this.#healed) return undefined;
    const lasting = this.#lastingAt(site);
    const fault = lasting ?? this.#faults.get(`${site} ${nth}`);
    if (!fault || !happens(fault)) return undefined;
    if (!lasting && 'times' in fault && fault.times > 1) this.#lasting.set(site, { fault, left: fault.times - 1 });
    this.fired[fault.kind] = (this.fired[fault.kind] ?? 0) + 1;
    this.#onFault(site, nth, fault);
    return fault;
  }

  /** Whether a fault that lasts for several times is not over. */
  get lasts(): boolean {
    return this.#lasting.size > 0;
  }

  /** From now on nothing goes wrong any more. */
  heal(): void {
    this.#healed = true;
  }

  #lastingAt(site: Site): Fault | undefined {
    const lasting = this.#lasting.get(site);
    if (!lasting) return undefined;
    lasting.left -= 1;
    if (lasting.left === 0) this.#lasting.delete(site);
    return lasting.fault;
  }
}
