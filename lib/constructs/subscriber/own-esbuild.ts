import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';

/** As much of CDK's bundling as says which esbuild it starts, and how: it has no option for that. */
interface CdkBundling {
  esbuildInstallation?: { readonly isWorkspacePackage: boolean; readonly version: string } | undefined;
}

/**
 * Has `NodejsFunction` bundle by the esbuild that this package depends on, started without a package manager, until the
 * returned function is called. Of itself it looks for one beside the CDK and starts it by `pnpm exec` or `yarn run`, which
 * know only what the project itself depends on; and each start by `npx` takes as long as many a bundle.
 *
 * A CDK that is made otherwise looks for esbuild in its own way.
 */
export function useOwnEsbuild(): () => void {
  const [bundling, esbuild] = [cdkBundling(), ownEsbuild()];
  if (!bundling || !esbuild) return () => undefined;
  const { esbuildInstallation } = bundling;
  const { PATH } = process.env;
  bundling.esbuildInstallation = { isWorkspacePackage: false, version: esbuild.version };
  process.env.PATH = PATH ? esbuild.folder + delimiter + PATH : esbuild.folder;
  return () => {
    bundling.esbuildInstallation = esbuildInstallation;
    if (PATH === undefined) delete process.env.PATH;
    else process.env.PATH = PATH;
  };
}

const require = createRequire(import.meta.url);

function cdkBundling(): CdkBundling | undefined {
  return attempt(() => {
    const folder = dirname(require.resolve('aws-cdk-lib/aws-lambda-nodejs'));
    const { Bundling } = require(join(folder, 'lib', 'bundling.js')) as { Bundling?: CdkBundling };
    return Bundling;
  });
}

/** The folder of the program itself, else of the script that starts it. */
function ownEsbuild(): { readonly folder: string; readonly version: string } | undefined {
  return attempt(() => {
    const manifest = require.resolve('esbuild/package.json');
    const { version } = require(manifest) as { version: string };
    const program = process.platform === 'win32' ? 'esbuild.exe' : 'bin/esbuild';
    const native = `@esbuild/${process.platform}-${process.arch}/${program}`;
    const file = attempt(() => createRequire(manifest).resolve(native));
    return { folder: file ? dirname(file) : join(dirname(manifest), 'bin'), version };
  });
}

function attempt<Result>(find: () => Result): Result | undefined {
  try {
    return find();
  } catch {
    return undefined;
  }
}
