import { createHash } from 'node:crypto';
import type { EffectDefinition, EffectMode } from '../contract/effect.ts';
import { LimitExceeded } from '../contract/errors.ts';
import { wirePayload } from '../contract/json.ts';
import { validate } from '../contract/schema.ts';

/** What is wrong with a call that has `verify` and `settle` where it must not, or has not both where it must. */
export function wrongWay(name: string, mode: EffectMode): string {
  return mode === 'verified'
    ? `The effect '${name}' needs \`verify\` and \`settle\`: its service keeps no keys, as far as \`idempotentFor\` says`
    : `The effect '${name}' has \`idempotentFor\`, so that \`verify\` and \`settle\` are not asked: leave them out`;
}

/** What an effect is asked for. */
export interface EffectRequestOf {
  /** As its schema makes it. */
  readonly input: unknown;
  /** SHA-256 of it as JSON, whatever the order of its fields. */
  readonly digest: string;
}

/** @throws InvalidPayload, LimitExceeded when the input does not satisfy its schema, or is no JSON */
export function requestOf({ name, input: schema }: EffectDefinition, given: unknown): EffectRequestOf {
  const { data } = wirePayload(given, name);
  const input = validate(schema, data, name);
  return { input, digest: createHash('sha256').update(JSON.stringify(data, sorted)).digest('hex') };
}

/**
 * Bytes of an answer that is kept, as JSON. A row holds 400 KB, and several effects.
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
 */
const ANSWER_BYTES = 64 * 1024;

/**
 * What a service answered, as it is kept and as handlers get it.
 *
 * @throws InvalidPayload, LimitExceeded when the answer cannot be kept
 */
export function resultOf(
  { name, output }: EffectDefinition,
  answer: unknown,
): { readonly kept: string; readonly result: unknown } {
  const kept = keptAnswer(name, answer);
  return { kept, result: validate(output, JSON.parse(kept), `${name}, its answer`) };
}

/**
 * An answer as it is kept.
 *
 * @throws InvalidPayload, LimitExceeded when it is no JSON, or too large
 */
export function keptAnswer(name: string, answer: unknown): string {
  const what = `${name}, its answer`;
  const { data, bytes } = wirePayload(answer, what);
  if (bytes <= ANSWER_BYTES) return JSON.stringify(data);
  throw new LimitExceeded(
    `'${what}' takes ${bytes} bytes; the limit is ${ANSWER_BYTES}. Answer with what the handler needs of it`,
  );
}

/** The result that handlers get of an answer that was kept. */
export function resultIn({ name, output }: EffectDefinition, kept: string): unknown {
  return validate(output, JSON.parse(kept), `${name}, its answer`);
}

function sorted(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}
