import { registerHooks } from 'node:module';
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

/** Plants a bug into modules of this thread, which are told by their query from those that others have loaded. */
export function plant({ edits }: Bug): Planted {
  const query = `?planted=${++plantings}`;
  const open = new Set(edits);
  const hooks = registerHooks({
    resolve(specifier, context, nextResolve) {
      const resolved = nextResolve(specifier, context);
      const { url } = resolved;
      const own = url.startsWith(root) && !url.includes('/node_modules/') && !url.includes('?');
      return own && context.parentURL?.includes('?planted=') ? { ...resolved, url: url + query } : resolved;
    },
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const own = edits.filter(({ file }) => url === `${root}lib/${file}${query}`);
      if (own.length === 0) return loaded;
      let source = String(loaded.source instanceof Uint8Array ? Buffer.from(loaded.source) : loaded.source);
      for (const edit of own) {
        const parts = source.split(edit.find);
        if (parts.length !== 2) continue;
        source = parts.join(edit.replace);
        open.delete(edit);
      }
      return { ...loaded, source };
    },
  });
  return {
    load: (path) => import(`${root}${path}${query}`),
    astray: () => [...open].map(({ file, find }) => `${file}: ${find}`),
    uproot: () => hooks.deregister(),
  };
}
