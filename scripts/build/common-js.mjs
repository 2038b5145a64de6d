import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { build, transform } from 'esbuild';
import { root } from '../setup/program.mjs';

/** Packages that nobody can `require` where modules are not loaded by `require`, as in jest: they become part of the build. */
const MODULES_ONLY = ['@middy/core', 'uuid'];

const common = /** @type {const} */ ({ platform: 'node', target: 'node22.12', logLevel: 'silent' });

/**
 * Makes the CommonJS of the doors beside their modules, in `dist/cjs`: a file for each door, and others that they share, so
 * that there is one copy of each class. The declarations are the same, told to be CommonJS.
 *
 * @param {string} dist where the modules were compiled to
 */
export async function makeCommonJs(dist) {
  const folder = join(dist, 'cjs');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const doors = readdirSync(join(dist, 'lib', 'public')).filter((file) => file.endsWith('.js'));
  const { outputFiles } = await build({
    ...common,
    entryPoints: doors.map((file) => join(dist, 'lib', 'public', file)),
    bundle: true,
    // An engine in memory knows a command by the name of its class.
    keepNames: true,
    splitting: true,
    format: 'esm',
    write: false,
    outdir: folder,
    chunkNames: 'shared-[hash]',
    external: externals(),
    plugins: [ownUrls(folder)],
  });
  for (const { path, text } of outputFiles) {
    const { code } = await transform(text, {
      ...common,
      format: 'cjs',
      define: { 'import.meta.url': 'waybillFileUrl' },
      // jest loads no module by `import()`, either.
      supported: { 'dynamic-import': false },
    });
    const url = "const waybillFileUrl = require('node:url').pathToFileURL(__filename).href;\n";
    writeFileSync(path, `'use strict';\n${code.includes('waybillFileUrl') ? url : ''}${code}`);
  }
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify({ type: 'commonjs', sideEffects: false })}\n`);
  cpSync(join(dist, 'lib'), join(folder, 'types'), { recursive: true, filter: isDeclaration });
}

/** What the doors import and do not contain. */
function externals() {
  const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const names = Object.keys({ ...dependencies, ...peerDependencies }).filter((name) => !MODULES_ONLY.includes(name));
  return names.flatMap((name) => [name, `${name}/*`]);
}

/**
 * A module that looks for files beside itself finds them where the module lies, not where the build does.
 *
 * @param {string} folder of the build
 * @returns {import('esbuild').Plugin}
 */
function ownUrls(folder) {
  return {
    name: 'own-urls',
    setup({ onLoad }) {
      onLoad({ filter: /[\\/]dist[\\/]lib[\\/].*\.js$/ }, async ({ path }) => {
        const text = await readFile(path, 'utf8');
        if (!text.includes('import.meta.url')) return { contents: text, loader: 'js' };
        const { code } = await transform(text, { ...common, define: { 'import.meta.url': 'waybillModuleUrl' } });
        const from = JSON.stringify(relative(folder, path).replaceAll('\\', '/'));
        return { contents: `const waybillModuleUrl = new URL(${from}, import.meta.url).href;\n${code}`, loader: 'js' };
      });
    },
  };
}

/** @param {string} path */
function isDeclaration(path) {
  return !/\.[a-z]+$/.test(path) || path.endsWith('.d.ts');
}
