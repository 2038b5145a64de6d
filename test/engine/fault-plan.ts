import { hash } from 'node:crypto';
import type { FaultPlan } from './wire.ts';
import type { Fault } from './wire-faults.ts';

/** By operation, how likely each fault is; together at most 1. */
export type Odds = Readonly<Record<string, Readonly<Partial<Record<Fault, number>>>>>;

/**
 * A plan that is wholly determined by its seed: what befalls the n-th call of an operation follows from seed, operation
 * and n. Each fault of an operation strikes once before chance takes over, so that none is ever left out.
 */
export function seededPlan(seed: string, odds: Odds): FaultPlan {
  const calls = new Map<string, number>();
  return ({ operation }) => {
    const nth = calls.get(operation) ?? 0;
    calls.set(operation, nth + 1);
    const faults = Object.entries(odds[operation] ?? {}) as [Fault, number][];
    const first = faults[nth];
    if (first) return first[0];
    let left = chance(`${seed} ${operation} ${nth}`);
    for (const [fault, odd] of faults) {
      left -= odd;
      if (left < 0) return fault;
    }
    return undefined;
  };
}

/** From 0 to 1. */
function chance(text: string): number {
  return Number.parseInt(hash('sha256', text, 'hex').slice(0, 8), 16) / 2 ** 32;
}
