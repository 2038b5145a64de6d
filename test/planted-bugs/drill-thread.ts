import { enableCompileCache } from 'node:module';
import { parentPort } from 'node:worker_threads';
import type { Bug } from './bug.ts';
import { plant } from './plant.ts';

/** What a drill is run on, and of what it is told. Its file exports `drill`, which answers with what is wrong. */
export interface Drilled {
  readonly file: string;
  readonly edits: Bug['edits'];
  readonly told: unknown;
}

enableCompileCache();
// One drill after another, each on modules of its own, with its bug in them.
parentPort?.on('message', async ({ file, edits, told }: Drilled) => {
  const { load, astray, uproot } = plant({ edits });
  const { drill } = await load<{ readonly drill: (told: unknown) => Promise<readonly string[]> }>(file);
  const found = await drill(told);
  uproot();
  parentPort?.postMessage({ astray: astray(), found });
});
