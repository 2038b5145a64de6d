import { registerHooks } from 'node:module';
import type { Bug } from './bug.ts';

const lib = new URL('../../lib/', import.meta.url).href;

/**
 * Plants a bug into this thread: modules that are loaded from now on have its edits.
 *
 * @returns the edits that have not found their place in what was loaded so far
 */
export function plant({ edits }: Bug): () => string[] {
  const open = new Set(edits);
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const own = edits.filter(({ file }) => url === `${lib}${file}`);
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
  return () => [...open].map(({ file, find }) => `${file}: ${find}`);
}
