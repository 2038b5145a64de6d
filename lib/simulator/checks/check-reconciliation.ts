import type { Copy, LedgerState } from './ledger-state.ts';
import type { Violation } from './violation.ts';

/** R: when all is delivered, no case is open. */
export function checkCases({ cases }: LedgerState): Violation[] {
  return cases.map((copy) => wrong(`all is delivered, and there is an open case of ${nameOf(copy)}`));
}

/** R: reconciliation names the messages that are missing or uncaused by the record, none more and none fewer. */
export function checkReconciliation(
  found: Pick<LedgerState, 'missing' | 'uncaused'> | { readonly failure: string },
  state: LedgerState,
): Violation[] {
  if ('failure' in found) return [wrong(`reconciliation fails: ${found.failure}`)];
  return (['missing', 'uncaused'] as const).flatMap((kind) => {
    const [says, is] = [found[kind], state[kind]].map((copies) => copies.map(nameOf).sort().join(', '));
    return says === is
      ? []
      : [wrong(`reconciliation names as ${kind}: ${says || 'nothing'}; it is ${is || 'nothing'}`)];
  });
}

function nameOf({ id, subscriber }: Copy): string {
  return `${id} at ${subscriber}`;
}

function wrong(what: string): Violation {
  return { invariant: 'R', what };
}
