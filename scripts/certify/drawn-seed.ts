import { randomInt } from 'node:crypto';

/** Holds the seed of the certificates that `npm test` gives, a whole number: with it, it gives the same ones again. */
export const SEED_VARIABLE = 'CERTIFY_SEED';

const SEEDS = 2 ** 31;

/**
 * The seed of this run: the one that was asked for, else one that is drawn.
 *
 * @throws RangeError when what was asked for is no whole number
 */
export function drawnSeed(): number {
  const given = process.env[SEED_VARIABLE];
  if (given === undefined || given === '') return randomInt(SEEDS);
  const seed = Number(given);
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(`${SEED_VARIABLE} is '${given}': give a whole number from 0, such as ${SEED_VARIABLE}=730217`);
  }
  return seed;
}

/** What is printed of it. */
export function replayOf(seed: number): string {
  return `certified with seed ${seed}: ${SEED_VARIABLE}=${seed} npm test -- test/certificate certifies with the same plans`;
}
