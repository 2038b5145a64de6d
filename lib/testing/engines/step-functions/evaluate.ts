import { hash } from 'node:crypto';
import jsonata, { type Expression } from 'jsonata';

/** What expressions of a state may ask of the world. */
export interface EvaluationContext {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly random: (bytes: number) => Uint8Array;
  /** What `$states` is. */
  readonly states: object;
  /** The variables that were assigned. */
  readonly variables: Readonly<Record<string, unknown>>;
}

const compiled = new Map<string, Expression>();
const EXPRESSION = /^\{%([\s\S]*)%\}$/;

/** A value of a definition with its expressions evaluated. @throws Error when one cannot be, or has no value */
export async function evaluate(value: unknown, context: EvaluationContext): Promise<unknown> {
  if (typeof value === 'string') {
    const text = EXPRESSION.exec(value)?.[1];
    return text === undefined ? value : await evaluateText(text, context);
  }
  if (Array.isArray(value)) return Promise.all(value.map((one) => evaluate(one, context)));
  if (typeof value !== 'object' || value === null) return value;
  const fields: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value)) fields[name] = await evaluate(inner, context);
  return fields;
}

async function evaluateText(text: string, { now, random, states, variables }: EvaluationContext): Promise<unknown> {
  const expression = compiled.get(text) ?? jsonata(text);
  compiled.set(text, expression);
  const result: unknown = await expression.evaluate(undefined, {
    ...variables,
    states,
    millis: () => now,
    uuid: () => uuid(random(16)),
    hash: (source: string, algorithm: string) => hash(algorithm.replace('-', '').toLowerCase(), source),
  });
  if (result === undefined) throw new Error(`The expression has no value: ${text}`);
  // Sequences of JSONata are arrays with more to them.
  return JSON.parse(JSON.stringify(result));
}

function uuid(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
