import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';
import { splitOptions, withFooter } from '../../lib/constructs/subscriber/bundle-cache.ts';
import { INITIALIZED_FOOTER, LEAN_MODULES } from '../../lib/constructs/subscriber/lean-bundle.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What packages in CommonJS find around them, as `ConsumerFunction` provides it. */
const BANNER = "import{createRequire}from'node:module';const require=createRequire(import.meta.url);";

/**
 * A function as it is deployed: minified ES modules with their AWS SDK in them; of one that is lean, what is imported later lies in
 * files of its own.
 *
 * @returns its file, and the kilobytes that are read when it is loaded
 */
export async function bundled(
  entry: string,
  folder: string,
  name: string,
  isLean: boolean,
): Promise<{ readonly file: string; readonly kilobytes: number }> {
  const file = join(folder, name, 'index.mjs');
  const options: BuildOptions = {
    minify: true,
    target: 'node24',
    format: 'esm',
    conditions: ['waybill-source', 'module'],
    mainFields: ['module', 'main'],
    banner: { js: BANNER },
    define: { __filename: 'import.meta.filename', __dirname: 'import.meta.dirname' },
    legalComments: 'none',
    // As `ConsumerFunction` does it; whoever bundles otherwise does not.
    ...(isLean && { alias: LEAN_MODULES, footer: { js: INITIALIZED_FOOTER } }),
  };
  const { outputFiles } = await build({
    ...(isLean ? splitOptions(options, basename(file)) : { ...options, outExtension: { '.js': '.mjs' } }),
    absWorkingDir: root,
    entryPoints: [{ in: entry, out: 'index' }],
    outdir: join(folder, name),
    bundle: true,
    platform: 'node',
    write: false,
    logLevel: 'error',
  });
  mkdirSync(join(folder, name));
  const files = isLean ? withFooter(outputFiles, file, options) : outputFiles;
  for (const { path, text } of files) writeFileSync(path, text);
  return { file, kilobytes: bytesRead(new Map(files.map(({ path, text }) => [path, text])), file) / 1024 };
}

/** The bytes of a module and of those that it imports at once. */
function bytesRead(texts: ReadonlyMap<string, string>, file: string, seen = new Set<string>()): number {
  const text = seen.has(file) ? undefined : texts.get(file);
  if (text === undefined) return 0;
  seen.add(file);
  const imported = [...text.matchAll(/(?:from|import) ?"\.\/(chunk-[A-Z0-9]+\.mjs)"/g)].map(([, name = '']) => name);
  const beside = imported.map((name) => bytesRead(texts, join(file, '..', name), seen));
  return beside.reduce((sum, bytes) => sum + bytes, Buffer.byteLength(text));
}
