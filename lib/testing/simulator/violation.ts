/**
 * The invariants of a run:
 * L no loss · D no duplicate effect · C no effect without a committed cause · T delivered within the bound once faults
 * stop · M conservation, which the system's own `invariant` says · X every trace and every piece of evidence is complete.
 */
export type Invariant = 'L' | 'D' | 'C' | 'T' | 'M' | 'X';

/** Something that did not hold. */
export interface Violation {
  readonly invariant: Invariant;
  readonly what: string;
}
