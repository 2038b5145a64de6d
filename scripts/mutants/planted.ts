/** The file that has a mistake in it, and its text. Vite loads its settings as a copy of their own: both share this. */
interface Planted {
  path?: string;
  source?: string;
}

const KEY = Symbol.for('waybill.mutant');
const shared = globalThis as { [KEY]?: Planted };
shared[KEY] ??= {};

/** Puts a mistake into a file as it is loaded, or takes it out. */
export function plantInto(path: string | undefined, source?: string): void {
  shared[KEY] = { ...(path !== undefined && { path }), ...(source !== undefined && { source }) };
}

/** What a file is in place of what it says; `undefined` where it has no mistake. */
export function planted(path: string): string | undefined {
  return shared[KEY]?.path === path ? shared[KEY]?.source : undefined;
}
