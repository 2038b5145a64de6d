import { UnsupportedByEngine } from '../errors.ts';

/**
 * Refuses what a request asks beyond what the engine does, so that nothing is ignored in silence.
 *
 * @throws UnsupportedByEngine when a parameter is not among the supported ones, naming it
 */
export function refuseOthers(operation: string, input: object, supported: readonly string[]): void {
  const others = Object.keys(input).filter(
    (name) => !supported.includes(name) && input[name as keyof typeof input] !== undefined,
  );
  if (others.length > 0) {
    throw new UnsupportedByEngine(`The engine in memory does not know ${others.join(', ')} of ${operation}`);
  }
}
