/**
 * The invariants of a run:
 * L no loss · D no duplicate effect · C no effect without a committed cause · T delivered within the bound once faults
 * stop · M conservation, which the system's own `invariant` says · X every trace and every piece of evidence is complete ·
 * R reconciliation names exactly what is missing or uncaused · P what was delayed is handled in its moment, never before ·
 * E a service outside has done each thing once, by its own book ·
 * H handlers wait for all that they begin, and end · T2 while one destination is sick, the others are not.
 */
export type Invariant = 'L' | 'D' | 'C' | 'T' | 'T2' | 'M' | 'X' | 'R' | 'P' | 'H' | 'E';

/** Something that did not hold. */
export interface Violation {
  readonly invariant: Invariant;
  readonly what: string;
}
