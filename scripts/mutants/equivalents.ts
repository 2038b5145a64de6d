import type { Mutant } from './sources.ts';

/** A mutant that changes nothing that a test could or should notice. */
export interface Equivalent {
  readonly file: string;
  /** The line as it stands in the file, without the spaces around it. */
  readonly line: string;
  /** What replaces a part of it. @default anything */
  readonly to?: string;
  readonly reason: string;
}

/** Each with the reason why it is none of the tests' business. */
export const equivalents: readonly Equivalent[] = [];

/** Why a mutant is equivalent; `undefined` where it is not. */
export function equivalenceOf({ file, line, to }: Mutant): string | undefined {
  return equivalents.find((one) => one.file === file && one.line === line && (one.to ?? to) === to)?.reason;
}
