import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, formatMessages } from 'esbuild';
import { root } from '../setup/program.mjs';
import { bundlesFolder, functionNames, recordBuild } from './freshness.mjs';

/** Deploy-time libraries, which nothing inside Lambda may carry. */
const deployTime = /(^|\/)node_modules\/(aws-cdk-lib|constructs|cdk-nag)\//;

/** CommonJS packages inside a bundle call `require`, which a module does not have; esbuild uses no such name itself. */
const banner =
  "import { createRequire as waybillCreateRequire } from 'node:module'; const require = waybillCreateRequire(import.meta.url);";

/** A function that cannot be bundled. */
export class BundleError extends Error {
  /** @override */
  name = 'BundleError';
}

/**
 * Bundles every `functions/<name>.ts` into `dist/functions/<name>/index.mjs`, with the AWS SDK that it was tested with.
 * The same sources give the same bytes. Two builds at once do not disturb each other.
 *
 * @returns {Promise<Record<string, number>>} bytes by name
 */
export async function buildFunctionBundles() {
  const startedAt = Date.now();
  const names = functionNames();
  const bundles = await Promise.all(names.map((name) => bundleFunction(name)));
  removeAllBut(names);
  for (const { name, contents } of bundles) write(name, contents);
  recordBuild(
    bundles.flatMap(({ sources }) => sources),
    startedAt,
  );
  return Object.fromEntries(bundles.map(({ name, contents }) => [name, contents.byteLength]));
}

/**
 * Bundles one function, in memory.
 *
 * @param {string} name
 * @param {string} [entry] by path in the repository
 */
export async function bundleFunction(name, entry = `functions/${name}.ts`) {
  const result = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    write: false,
    outfile: `dist/functions/${name}/index.mjs`,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    conditions: ['waybill-source', 'module'],
    mainFields: ['module', 'main'],
    minify: true,
    // As an ES module it has all of its exports looked at, of which some load the whole of `fetch`.
    alias: { 'node:http': "data:text/javascript,module.exports=process.getBuiltinModule('node:http')" },
    // The names of error classes are in the logs.
    keepNames: true,
    legalComments: 'none',
    sourcemap: false,
    metafile: true,
    banner: { js: banner },
    logLevel: 'silent',
  }).catch(async (failure) => {
    throw new BundleError(
      (await formatMessages(failure.errors ?? [], { kind: 'error' })).join('\n') || String(failure),
    );
  });
  const sources = Object.keys(result.metafile.inputs);
  for (const source of sources.filter((path) => !deployTime.test(path))) {
    const library = result.metafile.inputs[source]?.imports.find(({ path }) => deployTime.test(path));
    if (library === undefined) continue;
    throw new BundleError(`${entry} carries a deploy-time library: ${source} imports ${library.path}.`);
  }
  return { name, sources, contents: result.outputFiles[0]?.contents ?? new Uint8Array() };
}

/**
 * @param {string} name
 * @param {Uint8Array} contents
 */
function write(name, contents) {
  const folder = join(bundlesFolder, name);
  mkdirSync(folder, { recursive: true });
  // Beside the folder, not in it: whoever deploys it meanwhile must not take the unfinished file along.
  const unfinished = join(bundlesFolder, `.${name}.${process.pid}`);
  writeFileSync(unfinished, contents);
  renameSync(unfinished, join(folder, 'index.mjs'));
}

/** @param {string[]} names */
function removeAllBut(names) {
  mkdirSync(bundlesFolder, { recursive: true });
  for (const entry of readdirSync(bundlesFolder, { withFileTypes: true })) {
    if (entry.isDirectory() && !names.includes(entry.name))
      rmSync(join(bundlesFolder, entry.name), { recursive: true });
  }
}
