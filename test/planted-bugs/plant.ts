import { registerHooks, stripTypeScriptTypes } from 'node:module';
import type { Bug } from './bug.ts';

const root = new URL('../../', import.meta.url).href;

/** The framework with a bug in it. */
export interface Planted {
  /** Loads a module of this repository, by its path: everything of this repository that it imports is loaded anew. */
  load<Module>(path: string): Promise<Module>;
  /** The edits that have not found their place in what was loaded so far. */
  astray(): string[];
  /** What is loaded from now on is as it was written. */
  uproot(): void;
}

let plantings = 0;
/** Where a module finds what it imports, by the module and the name: the same for every planting. */
const resolutions = new Map<string, string>();
/** Sources as they were written, without their types, by their address: read and stripped for the first planting only. */
const sources = new Map<string, string>();

/** Plants a bug into modules of this thread, which are told by their query from those that others have loaded. */
export function plant({ edits }: Pick<Bug, 'edits'>): Planted {
  const query = `?planted=${++plantings}`;
  const open = new Set(edits);
  const edited = (text: string, edit: Bug['edits'][number]): string => {
    const parts = text.split(edit.find);
    if (parts.length !== 2) return text;
    open.delete(edit);
    return parts.join(edit.replace);
  };
  const hooks = registerHooks({
    resolve(specifier, context, nextResolve) {
      const [parent = '', number] = context.parentURL?.split('?planted=') ?? [];
      if (number === undefined) return nextResolve(specifier, context);
      const key = `${specifier} of ${parent}`;
      const url = resolutions.get(key) ?? nextResolve(specifier, context).url;
      resolutions.set(key, url);
      const own = url.startsWith(root) && !url.includes('/node_modules/') && !url.includes('?');
      return { url: own ? url + query : url, shortCircuit: true };
    },
    load(url, context, nextLoad) {
      if (!url.endsWith(`.ts${query}`)) return nextLoad(url, context);
      const file = url.slice(0, -query.length);
      const own = edits.filter((edit) => file === `${root}lib/${edit.file}`);
      const read = () => {
        const { source } = nextLoad(url, context);
        return own.reduce(edited, String(source instanceof Uint8Array ? Buffer.from(source) : source));
      };
      const source = (own.length === 0 && sources.get(file)) || stripTypeScriptTypes(read());
      if (own.length === 0) sources.set(file, source);
      return { format: 'module', source, shortCircuit: true };
    },
  });
  return {
    load: (path) => import(`${root}${path}${query}`),
    astray: () => [...open].map(({ file, find }) => `${file}: ${find}`),
    uproot: () => hooks.deregister(),
  };
}
