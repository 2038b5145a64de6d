/**
 * Builds what cannot run from source: `node scripts/build.mjs [--package]`.
 *
 * Always the framework's functions, each one file with everything it needs (dist/functions). With `--package` also the
 * JavaScript and the declarations that npm publishes (dist/lib, dist/bin).
 */
import { parseArgs } from 'node:util';
import { compile } from './build/compile.mjs';
import { functionBundlesAreFresh } from './build/freshness.mjs';
import { BundleError, buildFunctionBundles } from './build/function-bundles.mjs';
import { SetupError } from './setup/program.mjs';

const { values } = parseArgs({ options: { package: { type: 'boolean', default: false } } });

try {
  if (values.package || !functionBundlesAreFresh()) {
    const sizes = await buildFunctionBundles();
    for (const [name, bytes] of Object.entries(sizes)) process.stderr.write(`${name}: ${Math.ceil(bytes / 1024)} KB\n`);
  }
  if (values.package) await compile();
} catch (error) {
  if (!(error instanceof BundleError || error instanceof SetupError)) throw error;
  process.stderr.write(`error: ${error.message}\n`);
  process.exitCode = 1;
}
