import { readFileSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

/**
 * Joins the compiled contract into one file, `contract/index.js`, from which the root door exports: every cold start loads
 * it, and Node loads one file sooner than twenty. The contract's own files lead there, so that there is one copy of each
 * class.
 *
 * @param {string} lib where lib was compiled to
 */
export async function joinContract(lib) {
  const folder = join(lib, 'contract');
  const files = (await readdir(folder)).filter((file) => file.endsWith('.js'));
  const options = /** @type {const} */ ({ platform: 'node', target: 'node22.12', format: 'esm', logLevel: 'silent' });
  const { metafile } = await build({
    ...options,
    entryPoints: files.map((file) => join(folder, file)),
    outdir: folder,
    write: false,
    metafile: true,
  });
  const exported = Object.values(metafile.outputs).map(({ entryPoint = '', exports }) => ({
    file: files.find((name) => entryPoint.endsWith(`/contract/${name}`)) ?? '',
    exports,
  }));
  await build({
    ...options,
    stdin: { contents: files.map((file) => `export * from './${file}';`).join('\n'), resolveDir: folder },
    outfile: join(folder, 'index.js'),
    bundle: true,
    packages: 'external',
  });
  for (const { file, exports } of exported) {
    const names = exports.length > 0 ? `export { ${exports.join(', ')} } from './index.js';\n` : 'export {};\n';
    writeFileSync(join(folder, file), names);
  }
  const door = join(lib, 'public', 'index.js');
  writeFileSync(door, readFileSync(door, 'utf8').replaceAll(/'\.\.\/contract\/[\w-]+\.js'/g, "'../contract/index.js'"));
}
