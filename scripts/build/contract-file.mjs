import { rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

/**
 * Joins the compiled contract into its one `index.js`: every cold start loads it, and Node loads one file sooner than
 * twenty. The others go, declarations aside: who imported one of them would have a second copy of its classes.
 *
 * @param {string} folder where lib/contract was compiled to
 */
export async function joinContract(folder) {
  const entry = join(folder, 'index.js');
  await build({
    entryPoints: [entry],
    outfile: entry,
    allowOverwrite: true,
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node22.12',
    format: 'esm',
    logLevel: 'silent',
  });
  for (const file of await readdir(folder)) {
    if (file.endsWith('.js') && file !== 'index.js') rmSync(join(folder, file));
  }
}
