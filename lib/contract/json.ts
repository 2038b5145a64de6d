import { InvalidPayload, LimitExceeded, MalformedMessage } from './errors.ts';
import { LIMITS } from './limits.ts';
import { pathOf } from './schema.ts';

/**
 * Parses JSON that came from outside.
 *
 * @throws MalformedMessage when it is not JSON, nested deeper than the limit, or has a `__proto__` key, which would change
 * prototypes where values are merged. The message never quotes the text.
 */
export function parseJson(text: string): unknown {
  if (nestsDeeperThan(LIMITS.depth, text)) {
    throw new MalformedMessage(`The JSON is nested deeper than ${LIMITS.depth} levels`);
  }
  const value = parse(text);
  if (hasProtoKey(text, value)) throw new MalformedMessage('The JSON has a `__proto__` key');
  return value;
}

/**
 * A payload as the wire will carry it, so that what is validated is what is sent, and what a subscriber would refuse to
 * parse is refused here.
 *
 * @param what names the payload in the error, e.g. `order.placed`
 * @throws InvalidPayload when JSON cannot hold it, e.g. a BigInt or a cycle, or would make something else of it, e.g. null
 * of NaN, or when it has a `__proto__` key
 * @throws LimitExceeded when it is too large or too deep for an envelope
 */
export function wirePayload(payload: unknown, what: string): { readonly data: unknown; readonly bytes: number } {
  const text = stringify(payload, what);
  // What JSON changes, it changes into one of these.
  if (text.includes('null') || text.includes('{}')) refuseIfChanged(payload, what);
  const bytes = refuseOverSize(text, what);
  // The envelope around it is one level more.
  if (nestsDeeperThan(LIMITS.depth - 1, text)) throw tooDeep(what);
  const data: unknown = JSON.parse(text);
  if (hasProtoKey(text, data)) throw new InvalidPayload(`'${what}' has a \`__proto__\` key`);
  return { data, bytes };
}

/**
 * The bytes of a JSON text, of an envelope or of a part of one.
 *
 * @throws LimitExceeded when it is larger than an envelope may be
 */
export function refuseOverSize(text: string, what: string): number {
  const bytes = Buffer.byteLength(text);
  if (bytes > LIMITS.envelopeBytes) {
    throw new LimitExceeded(
      `'${what}' takes ${bytes} bytes; the limit is ${LIMITS.envelopeBytes}, its envelope included. Store the large part elsewhere and publish where it is`,
    );
  }
  return bytes;
}

/**
 * Whether the objects and arrays of a JSON text are nested deeper than `limit`. Found without recursion, and given up
 * there, so that no text can exhaust the stack of whatever walks its value later.
 */
export function nestsDeeperThan(limit: number, text: string): boolean {
  return opensMoreThan(limit, text) && depthOf(text, limit) > limit;
}

/** A text with no more brackets than that, inside its strings or not, cannot be deeper: most messages have but a few. */
function opensMoreThan(limit: number, text: string): boolean {
  let opened = 0;
  for (const bracket of ['{', '[']) {
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1)) {
      if (++opened > limit) return true;
    }
  }
  return false;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

function depthOf(text: string, limit: number): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let index = 0; index < text.length && deepest <= limit; index++) {
    const character = text.charCodeAt(index);
    if (inString) {
      if (character === BACKSLASH) index++;
      else if (character === QUOTE) inString = false;
    } else if (character === QUOTE) {
      inString = true;
    } else if (character === 0x7b || character === 0x5b) {
      if (++depth > deepest) deepest = depth;
    } else if (character === 0x7d || character === 0x5d) {
      depth--;
    }
  }
  return deepest;
}

function stringify(payload: unknown, what: string): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(payload);
  } catch (error) {
    // The stack was exhausted by nesting, or the text is longer than any string may be.
    if (error instanceof RangeError)
      throw new LimitExceeded(`'${what}' is too deep or too large to be written as JSON`);
    refuseIfChanged(payload, what);
    throw new InvalidPayload(`'${what}' is not JSON: it holds a cycle, or a toJSON that throws`);
  }
  if (text === undefined) throw new InvalidPayload(`'${what}' is not JSON: it is undefined, a function or a symbol`);
  return text;
}

/** @throws InvalidPayload naming the first place whose value JSON cannot hold, and what JSON would make of it */
function refuseIfChanged(payload: unknown, what: string): void {
  const paths = new Map<unknown, readonly PropertyKey[]>();
  let changed: { readonly path: readonly PropertyKey[]; readonly how: string } | undefined;
  try {
    JSON.stringify(payload, function (this: Record<string, unknown>, key, value: unknown) {
      const above = paths.get(this);
      const path = above ? [...above, Array.isArray(this) ? Number(key) : key] : [];
      const how = changeOf(value, this[key], Array.isArray(this));
      if (how) changed ??= { path, how };
      if (typeof value === 'object') paths.set(value, path);
      return typeof value === 'bigint' ? null : value;
    });
  } catch {
    // A cycle, or a toJSON that throws: what came before it is known.
  }
  if (!changed) return;
  const field = pathOf(changed.path);
  throw new InvalidPayload(`'${what}' is not JSON${field && ` at ${field}`}: ${changed.how}`, {
    fields: field ? [field] : [],
  });
}

/** What JSON would do to a value that it cannot hold. */
function changeOf(value: unknown, given: unknown, isListed: boolean): string | undefined {
  if (typeof value === 'bigint') return 'it holds no BigInt: give a number or a text';
  if (typeof value === 'number' && !Number.isFinite(value)) return `it makes null of ${value}`;
  if (value === null && given instanceof Date) return 'it makes null of an invalid Date';
  if (value instanceof Map || value instanceof Set) return 'it makes {} of a Map or a Set';
  const vanishes = value === undefined || typeof value === 'function' || typeof value === 'symbol';
  return isListed && vanishes ? 'it makes null of undefined, a function or a symbol in a list' : undefined;
}

function tooDeep(what: string): LimitExceeded {
  return new LimitExceeded(`'${what}' is nested deeper than ${LIMITS.depth} levels, its envelope included`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The engine's own message quotes the text, which may be personal data: it is not passed on.
    throw new MalformedMessage('The record is not JSON');
  }
}

/** Looked for in the value only where the text may spell it: as it is, or with escapes. */
function hasProtoKey(text: string, value: unknown): boolean {
  return (text.includes('__proto__') || text.includes('\\u')) && holdsProtoKey(value);
}

function holdsProtoKey(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.hasOwn(value, '__proto__') || Object.values(value).some(holdsProtoKey);
}
