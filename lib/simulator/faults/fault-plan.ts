import type { Fault, FaultKind, PlannedFault } from './fault.ts';
import type { Site } from './site.ts';

/** Faults that last until their site was reached several times. */
const LASTING: ReadonlySet<FaultKind> = new Set([
  'throttle',
  'crash-at-start',
  'crash-loop',
  'stale',
  'schedule-missed',
]);

/** Lasting faults that nothing waits for: their sites may never be reached again. */
const PASSING: ReadonlySet<FaultKind> = new Set(['stale', 'schedule-missed']);

/** The faults of one run: says what happens when a site is reached, and counts what has happened. */
export class FaultPlan {
  /** Those that may happen. */
  readonly planned: readonly PlannedFault[];
  readonly #faults = new Map<string, Fault>();
  readonly #reached = new Map<Site, number>();
  readonly #lasting = new Map<Site, { readonly fault: Fault; left: number }>();
  #healed = false;
  /** How often each kind of fault, and each trait, has happened. */
  readonly fired: Record<string, number> = {};
  /** Which faults have happened where: `<site> <kind>`. */
  readonly happened = new Set<string>();
  /** Called at each fault that happens. */
  readonly #onFault: (site: Site, nth: number, fault: Fault) => void;

  constructor(faults: readonly PlannedFault[], onFault: (site: Site, nth: number, fault: Fault) => void) {
    this.planned = faults;
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
    if (!fault) return undefined;
    // It lasts from here on, whether or not it can happen to what is at hand first.
    if (!lasting && LASTING.has(fault.kind) && 'times' in fault && (fault.times ?? 1) > 1) {
      this.#lasting.set(site, { fault, left: (fault.times ?? 1) - 1 });
    }
    if (!happens(fault)) return undefined;
    this.fired[fault.kind] = (this.fired[fault.kind] ?? 0) + 1;
    this.happened.add(`${site} ${fault.kind}`);
    this.#onFault(site, nth, fault);
    return fault;
  }

  /** Whether one of the kinds of faults has happened: at the site, if one is given. */
  has(kinds: Iterable<FaultKind>, site?: Site): boolean {
    for (const kind of kinds)
      if (site === undefined ? this.fired[kind] : this.happened.has(`${site} ${kind}`)) return true;
    return false;
  }

  /** Counts that a trait was met. */
  meet(trait: string): void {
    this.fired[trait] = (this.fired[trait] ?? 0) + 1;
  }

  /** Whether a fault is not over that lasts until its site was reached several times more, as it will be. */
  get lasts(): boolean {
    return [...this.#lasting.values()].some(({ fault }) => !PASSING.has(fault.kind));
  }

  /** Whether nothing goes wrong any more. */
  get healed(): boolean {
    return this.#healed;
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
