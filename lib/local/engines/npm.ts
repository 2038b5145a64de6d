import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type InstallPlace, installOnce, installStep } from './install-once.ts';

/** Fetches a package into a folder of its own, without its scripts, and answers with the package's folder. */
export async function fetchPackage(name: string, version: string, place: InstallPlace): Promise<string> {
  const { installFolder, environment } = place;
  const id = `${name}@${version}`;
  await installOnce(id, place, async () => {
    rmSync(join(installFolder, 'node_modules'), { recursive: true, force: true });
    writeFileSync(join(installFolder, 'package.json'), '{ "private": true }\n');
    const install = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--save-exact', id];
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
    await installStep(`${id} could not be fetched`, npm, install, {
      environment: outsideOfNpm(environment),
      cwd: installFolder,
    });
  });
  return join(installFolder, 'node_modules', name);
}

/** Variables that `npm run` sets for its children would have another npm work on the package of that run. */
function outsideOfNpm(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const inherited = /^npm_(config_(local_prefix|prefix|global)|package_|lifecycle_|command$)/;
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !inherited.test(name)));
}
