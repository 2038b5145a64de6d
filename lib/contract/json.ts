import { LimitExceeded, MalformedMessage } from './errors.ts';
import { LIMITS } from './limits.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * How deep the objects and arrays of a JSON text are nested, counted without recursion and given up just above `limit`,
 * so that no text can exhaust the stack of whatever walks its value later.
 */
export function jsonDepth(text: string, limit: number): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const character = text.charCodeAt(index);
    if (inString) {
      if (character === BACKSLASH) index++;
      else if (character === QUOTE) inString = false;
    } else if (character === QUOTE) {
      inString = true;
    } else if (character === 0x7b || character === 0x5b) {
      if (++depth > deepest) deepest = depth;
      if (deepest > limit) return deepest;
    } else if (character === 0x7d || character === 0x5d) {
      depth--;
    }
  }
  return deepest;
}

/**
 * Parses JSON that came from outside.
 *
 * @throws MalformedMessage when it is not JSON, nested deeper than the limit, or has a `__proto__` key, which would change
 * prototypes where values are merged. The message never quotes the text.
 */
export function parseJson(text: string): unknown {
  const depth = jsonDepth(text, LIMITS.depth);
  if (depth > LIMITS.depth) throw new MalformedMessage(`The JSON is nested deeper than ${LIMITS.depth} levels`);
  const value = parse(text);
  if (mayHaveProtoKey(text) && hasProtoKey(value)) throw new MalformedMessage('The JSON has a `__proto__` key');
  return value;
}

/**
 * The value as the wire will carry it, so that what is validated is what is sent.
 *
 * @throws MalformedMessage when JSON cannot hold it, e.g. a BigInt or a cycle
 * @throws LimitExceeded when it is nested so deep that it cannot be written
 */
export function toJson(value: unknown): unknown {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    if (error instanceof RangeError)
      throw new LimitExceeded(`The payload is nested deeper than ${LIMITS.depth} levels`);
    throw new MalformedMessage('The payload is not JSON: it holds a BigInt, a cycle, or a toJSON that throws');
  }
  if (text === undefined)
    throw new MalformedMessage('The payload is not JSON: it is undefined, a function or a symbol');
  return JSON.parse(text);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The engine's own message quotes the text, which may be personal data: it is not passed on.
    throw new MalformedMessage('The record is not JSON');
  }
}

function mayHaveProtoKey(text: string): boolean {
  return text.includes('__proto__') || text.includes('\\u');
}

function hasProtoKey(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.hasOwn(value, '__proto__') || Object.values(value).some(hasProtoKey);
}
