import { createHash } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withLock } from '../../scripts/setup/lock.mjs';
import { runCommand } from './run-command.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** An app, with the package as npm would publish it installed in a folder far from this repository. */
export interface InstalledApp {
  readonly folder: string;
  /** The environment of a user who has Node 24 and npm, and nothing of this repository on the PATH. */
  readonly env: NodeJS.ProcessEnv;
  /** The tarball, in bytes. */
  readonly packedSize: number;
  remove(): Promise<void>;
}

/**
 * Packs, and installs in an app that depends on `file:../waybill.tgz`. The versions are those of this repository's lock file, so that npm finds them in the cache that
 * installing this repository has filled.
 */
export async function installApp(make: (folder: string) => Promise<void> = copyApp): Promise<InstalledApp> {
  const parent = await mkdtemp(join(tmpdir(), 'waybill-package-'));
  const remove = () => rm(parent, { recursive: true, force: true });
  try {
    const content = await readFile(await pack(parent));

    const folder = join(parent, 'app');
    await make(folder);
    await writeFile(join(folder, 'package-lock.json'), JSON.stringify(await lockFile(folder, content)));
    const env = userEnvironment();
    const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    await runCommand('npm', ['ci', '--prefer-offline', ...quiet], { cwd: folder, env });
    return { folder, env, packedSize: content.byteLength, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function copyApp(folder: string): Promise<void> {
  await cp(join(root, 'test/package/app'), folder, { recursive: true });
}

/** Packs what npm would publish, and answers with the tarball in the folder. */
export async function pack(folder: string): Promise<string> {
  const tarball = join(folder, 'waybill.tgz');
  // It builds into `dist`: two at once would read what the other is writing.
  await withLock(() => runCommand('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: root }));
  const [packed] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'));
  await rename(join(folder, packed ?? ''), tarball);
  return tarball;
}

/**
 * The test's own Node first, nothing of this repository's node_modules, and no npm setting of the surrounding run. Whom the
 * machine trusts stays: npm may ask its registry.
 */
export function userEnvironment(): NodeJS.ProcessEnv {
  const folders = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !folder.includes(`${sep}node_modules${sep}`));
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(?:npm_|NODE_(?!EXTRA_CA_CERTS)|VITEST|INIT_CWD)/i.test(name),
  );
  return { ...Object.fromEntries(kept), PATH: [nodeFolder, ...folders].join(delimiter) };
}

/** Holds no program but Node itself. */
const nodeFolder = join(process.execPath, '..');

type Locked = {
  version?: string;
  resolved?: string;
  integrity?: string;
  dev?: boolean;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  peerDependenciesMeta?: Record<string, { optional?: boolean }>;
};

/** npm installs them, too. */
function requiredPeers({ peerDependencies = {}, peerDependenciesMeta = {} }: Locked): Record<string, string> {
  return Object.fromEntries(Object.entries(peerDependencies).filter(([name]) => !peerDependenciesMeta[name]?.optional));
}

/** What npm would lock for the app, if these were the newest versions. */
async function lockFile(folder: string, tarball: Buffer): Promise<object> {
  const own: { packages: Record<string, Locked> } = await json(join(root, 'package-lock.json'));
  const app: Locked & { devDependencies: Record<string, string> } = await json(join(folder, 'package.json'));
  const { name, version, dependencies, bin, engines, peerDependencies, peerDependenciesMeta } = await json(
    join(root, 'package.json'),
  );
  const packages: Record<string, Locked> = {};
  const follow = (from: string, names: Record<string, string> = {}) => {
    for (const dependency of Object.keys(names)) {
      const path = locate(own.packages, from, dependency);
      const found = path === undefined ? undefined : own.packages[path];
      if (path === undefined || found === undefined || packages[path] !== undefined) continue;
      const { dev: _, ...locked } = found;
      packages[path] = locked;
      follow(path, { ...found.dependencies, ...found.optionalDependencies, ...requiredPeers(found) });
    }
  };
  follow('', { ...app.dependencies, ...app.devDependencies, ...dependencies });
  return {
    name: 'orders-app',
    lockfileVersion: 3,
    requires: true,
    packages: {
      '': app,
      ...packages,
      [`node_modules/${name}`]: {
        version,
        resolved: 'file:../waybill.tgz',
        integrity: `sha512-${createHash('sha512').update(tarball).digest('base64')}`,
        dependencies,
        bin,
        engines,
        peerDependencies,
        peerDependenciesMeta,
      },
    },
  };
}

/** As Node looks for a package: beside, then further up. */
function locate(packages: Record<string, Locked>, from: string, name: string): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(folder.lastIndexOf('/node_modules/'), 0))) {
    const path = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (packages[path] !== undefined) return path;
    if (folder === '') return undefined;
  }
}

async function json(file: string) {
  return JSON.parse(await readFile(file, 'utf8'));
}
