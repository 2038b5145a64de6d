import { InvalidDefinition } from '../contract/errors.ts';

/** A place in what is known: the first part is `input`, `failure` or the name of a step. */
export interface Reference {
  readonly path: readonly string[];
}

/** What a selection has picked: places, and what it has written itself, in objects. */
export type Selected =
  | { readonly kind: 'reference'; readonly path: readonly string[] }
  | { readonly kind: 'literal'; readonly value: unknown }
  | { readonly kind: 'object'; readonly fields: readonly (readonly [name: string, selected: Selected])[] };

const recorded = new WeakMap<object, readonly string[]>();

/**
 * Runs a selection on values that record what is taken of them.
 *
 * @param known the names of what may be selected from
 * @param what names the selection in errors
 * @throws InvalidDefinition when it computes or chooses, or returns what JSON does not hold
 */
export function recordSelection(select: (scope: never) => unknown, known: readonly string[], what: string): Selected {
  refuseChoice(select, what);
  const scope = new Proxy(Object.fromEntries(known.map((name) => [name, recorder([name], what)])), {
    get(target, name) {
      if (typeof name === 'string' && Object.hasOwn(target, name)) return target[name];
      throw new InvalidDefinition(
        `${what} selects from '${String(name)}', which is not known then: ${known.join(', ')}`,
      );
    },
  });
  return selectedIn((select as (given: unknown) => unknown)(scope), what, []);
}

/** The place that a recorded value stands for; `undefined` where it is none. */
function placeOf(value: unknown): readonly string[] | undefined {
  return typeof value === 'function' ? recorded.get(value) : undefined;
}

function recorder(path: readonly string[], what: string): unknown {
  const place = path.join('.');
  const refuse = (how: string): never => {
    throw new InvalidDefinition(
      `${what} ${how} '${place}': a state machine selects, and computes nothing. Select '${place}' as it is, and compute in the step`,
    );
  };
  const proxy: object = new Proxy(function selected() {}, {
    get: (_, name) => (typeof name === 'symbol' ? refuse('computes with') : recorder([...path, name], what)),
    has: () => refuse('looks into'),
    ownKeys: () => refuse('lists the fields of'),
    getOwnPropertyDescriptor: () => refuse('looks into'),
    apply: () => refuse('calls'),
    construct: () => refuse('calls'),
    set: () => refuse('changes'),
    defineProperty: () => refuse('changes'),
    deleteProperty: () => refuse('changes'),
    getPrototypeOf: () => refuse('asks for the class of'),
  });
  recorded.set(proxy, path);
  return proxy;
}

/** Whatever is recorded is truthy and equals nothing, so that a choice would be made once, at synth, and wrongly. */
function refuseChoice(select: (scope: never) => unknown, what: string): void {
  const code = String(select)
    .replaceAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '')
    .replaceAll(/'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g, "''");
  const found =
    /\?\?|\?(?![.])|&&|\|\||[=!]==?|(?<![=\w])[<>](?!=?\s*\{)|\b(?:if|switch|typeof|instanceof)\b|!(?=[\w(])/.exec(
      code.replaceAll('=>', ''),
    );
  if (!found) return;
  throw new InvalidDefinition(
    `${what} chooses by '${found[0]}': a state machine selects, and decides nothing. Select what the choice rests on, and choose in the step`,
  );
}

function selectedIn(value: unknown, what: string, at: readonly string[]): Selected {
  const path = placeOf(value);
  if (path) return { kind: 'reference', path };
  if (typeof value !== 'object' || value === null) {
    if (typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint' || value === undefined) {
      throw new InvalidDefinition(
        `${what} gives ${typeof value} at '${at.join('.') || 'its top'}', which JSON does not hold`,
      );
    }
    return { kind: 'literal', value };
  }
  if (Array.isArray(value)) {
    return holdsPlace(value) ? refuseList(what, at) : { kind: 'literal', value };
  }
  const fields = Object.entries(value).map(([name, inner]) => [name, selectedIn(inner, what, [...at, name])] as const);
  return { kind: 'object', fields };
}

function holdsPlace(value: unknown): boolean {
  if (placeOf(value)) return true;
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsPlace);
}

function refuseList(what: string, at: readonly string[]): never {
  throw new InvalidDefinition(
    `${what} makes a list at '${at.join('.') || 'its top'}' of what it selects: select a list that is there, or make it in the step`,
  );
}

/** The place that a part of a selection was taken from, if it was taken as it is. */
export function placeIn(selected: Selected, path: readonly string[]): readonly string[] | undefined {
  if (selected.kind === 'reference') return [...selected.path, ...path];
  const [first, ...rest] = path;
  if (selected.kind === 'literal' || first === undefined) return undefined;
  const field = selected.fields.find(([name]) => name === first);
  return field && placeIn(field[1], rest);
}
