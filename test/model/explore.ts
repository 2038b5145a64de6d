/** A step that is possible in a state, by its name, and the state that it leads to. */
export interface Transition<State> {
  readonly step: string;
  readonly to: State;
}

export interface Model<State> {
  readonly initial: State;
  /** Every step that is possible. */
  steps(state: State): readonly Transition<State>[];
  /** What must never be, in words; `undefined` where all is well. */
  broken(state: State): string | undefined;
}

export interface Exploration {
  /** Distinct states that can be reached. */
  readonly states: number;
  /** What can go wrong, and the fewest steps that lead there. */
  readonly failure?: { readonly what: string; readonly path: readonly string[] };
}

/** Visits every state that can be reached, breadth first: so the first failure is a shortest one. */
export function explore<State>(model: Model<State>): Exploration {
  interface Visit {
    readonly state: State;
    readonly step: string;
    readonly from: Visit | undefined;
  }
  const seen = new Set([JSON.stringify(model.initial)]);
  let level: Visit[] = [{ state: model.initial, step: '', from: undefined }];
  while (level.length > 0) {
    const next: Visit[] = [];
    for (const visit of level) {
      const what = model.broken(visit.state);
      if (what !== undefined) return { states: seen.size, failure: { what, path: pathOf(visit) } };
      for (const { step, to } of model.steps(visit.state)) {
        const key = JSON.stringify(to);
        if (seen.has(key)) continue;
        seen.add(key);
        next.push({ state: to, step, from: visit });
      }
    }
    level = next;
  }
  return { states: seen.size };

  function pathOf(visit: Visit): string[] {
    return visit.from ? [...pathOf(visit.from), visit.step] : [];
  }
}
