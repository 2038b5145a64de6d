/**
 * Random bytes by mulberry32: the same ones for the same seed. Good enough for tests, and for nothing else.
 *
 * @param seed a whole number
 */
export function seededRandom(seed: number): (bytes: number) => Uint8Array {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) & 0xff;
  };
  return (bytes) => Uint8Array.from({ length: bytes }, next);
}
