import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WaybillError } from '../../contract/errors.ts';

/**
 * The folder of a framework function that is bundled already (its file is `index.mjs`), ready for `Code.fromAsset`.
 *
 * @param name the entry point's name: `relay` for `functions/relay.ts`
 * @throws FunctionBundleMissing when the functions were not bundled
 */
export function functionAsset(name: string): string {
  const fromSource = import.meta.url.endsWith('.ts');
  const bundles = new URL(fromSource ? '../../../dist/functions/' : '../../../functions/', import.meta.url);
  const folder = join(fileURLToPath(bundles), name);
  if (existsSync(join(folder, 'index.mjs'))) return folder;
  throw new FunctionBundleMissing(
    fromSource
      ? `The framework's function '${name}' is not bundled in ${folder}: run 'node scripts/setup.mjs'.`
      : `This installation of waybill lacks its function '${name}' in ${folder}: install the package again.`,
  );
}

/** A framework function has no bundle to deploy. */
export class FunctionBundleMissing extends WaybillError {
  readonly code = 'function-bundle-missing';
}
