import { statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { INITIALIZED_FOOTER, LEAN_MODULES } from '../../lib/constructs/subscriber/lean-bundle.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What packages in CommonJS find around them, as `ConsumerFunction` provides it. */
const BANNER = "import{createRequire}from'node:module';const require=createRequire(import.meta.url);";

/** A function as it is deployed: one minified ES module with its AWS SDK in it. */
export async function bundled(
  entry: string,
  folder: string,
  name: string,
  isLean: boolean,
): Promise<{ readonly file: string; readonly kilobytes: number }> {
  const file = join(folder, `${name}.mjs`);
  await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: file,
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    conditions: ['waybill-source', 'module'],
    mainFields: ['module', 'main'],
    banner: { js: BANNER },
    define: { __filename: 'import.meta.filename', __dirname: 'import.meta.dirname' },
    // As `ConsumerFunction` does it; whoever bundles otherwise does not.
    ...(isLean && { alias: LEAN_MODULES, footer: { js: INITIALIZED_FOOTER } }),
    legalComments: 'none',
    logLevel: 'error',
  });
  return { file, kilobytes: statSync(file).size / 1024 };
}
