/** What a run is held against, by its letter, in the words of a certificate that is refused. docs/certificate.md says more of each. */
export const PROMISES = {
  L: 'nothing is lost',
  D: 'nothing takes effect twice',
  C: 'nothing takes effect that was not committed',
  T: 'all is delivered in time, once nothing fails any more',
  T2: 'while one destination is sick, the others are well',
  S: 'what has not ended is named, or lies in a queue that somebody counts',
  M: 'what `invariant` of the system says',
  X: 'traces and receipts are complete',
  R: 'reconciliation names and heals exactly what is missing',
  P: 'what was delayed is handled at its moment',
  E: 'a service outside does each thing once',
  O: 'the messages of a key take effect in their order, where a subscriber keeps it',
  B: 'circuits open for what fails, probe as often as they may, and close again',
  K: 'a scaler goes by two readings in a row, step by step, and back again',
  W: 'redrives send what was dead, wave by wave',
  G: 'shards grow by what they carry, and every reader knows them first',
  U: 'a saga is done, or undone, and neither by half',
  H: 'handlers wait for all that they begin, and end',
} as const;

/** The letter of a promise. */
export type Invariant = keyof typeof PROMISES;

/** Something that did not hold. */
export interface Violation {
  readonly invariant: Invariant;
  readonly what: string;
}
