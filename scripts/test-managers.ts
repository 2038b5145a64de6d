/**
 * Installs the package as npm would publish it by other package managers, and synthesizes with it; makes applications by
 * `waybill init`, of each kind, and tests them: `npm run test:managers`.
 * The managers and all packages come from npm's registry, so `npm test` tries only the layout that they make.
 */
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { run } from '../lib/cli/index.ts';
import { pack, userEnvironment } from '../test/package/installed-app.ts';
import { runCommand } from '../test/package/run-command.ts';

const yarn = { lockFile: 'yarn.lock', install: ['yarn', 'install'], node: ['yarn', 'node'] };
const MANAGERS = [
  { name: 'pnpm 10', lockFile: 'pnpm-lock.yaml', install: ['pnpm', 'install'], node: ['node'], settings: {} },
  { name: 'Yarn 4 with node_modules', ...yarn, settings: { '.yarnrc.yml': 'nodeLinker: node-modules\n' } },
  { name: "Yarn 4 with Plug'n'Play", ...yarn, settings: { '.yarnrc.yml': 'nodeLinker: pnp\n' } },
];

type Manager = (typeof MANAGERS)[number];

let passed = 0;
const parent = await mkdtemp(join(tmpdir(), 'waybill-managers-'));
try {
  const tools = join(parent, 'tools');
  await mkdir(tools);
  const fetched = ['install', '--no-audit', '--no-fund', '--prefix', tools, 'pnpm@10', '@yarnpkg/cli-dist@4'];
  await runCommand('npm', fetched, { cwd: tools });
  const own = userEnvironment();
  const PATH = [join(tools, 'node_modules', '.bin'), own.PATH].join(delimiter);
  const env = { ...own, PATH, YARN_ENABLE_IMMUTABLE_INSTALLS: 'false', YARN_ENABLE_TELEMETRY: 'false' };
  const tarball = await pack(parent);
  for (const [index, manager] of MANAGERS.entries()) {
    const files = await synthesize(manager, join(parent, `app-${index}`), tarball, env);
    if (files.filter((name) => !name.startsWith('chunk-')).join() !== 'index.mjs')
      throw new Error(`${manager.name}: the handler's asset holds ${files.join(', ')}.`);
    tell(`${manager.name}: installed, and its handler bundled.`);
  }
  const made = [
    { manager: 'npm', flags: ['--jest'] },
    { manager: 'npm', flags: ['--cjs'] },
    { manager: 'pnpm', flags: [] },
    { manager: 'yarn', flags: ['--jest'] },
  ];
  for (const [index, { manager, flags }] of made.entries()) {
    const folder = join(parent, `made-${index}`);
    const options = ['--manager', manager, '--no-install', '--package', `file:${tarball}`];
    await run(['init', folder, ...flags, ...options]);
    await runCommand(manager, ['install'], { cwd: folder, env });
    for (const script of ['test', 'check']) await runCommand(manager, ['run', script], { cwd: folder, env });
    await runCommand(manager, ['run', 'cdk', ...(manager === 'npm' ? ['--'] : []), 'synth', '--quiet'], {
      cwd: folder,
      env,
    });
    tell(`init ${flags.join(' ')} by ${manager}: tested, type-checked, synthesized.`);
  }
  console.log(`\n${passed} passed, 0 failed`);
} finally {
  await rm(parent, { recursive: true, force: true });
}

function tell(line: string): void {
  passed += 1;
  console.log(line);
}

/** Installs a project with one handler, synthesizes it, and answers with the files of the handler's asset. */
async function synthesize(
  manager: Manager,
  folder: string,
  tarball: string,
  env: NodeJS.ProcessEnv,
): Promise<string[]> {
  await cp(join(import.meta.dirname, '..', 'test', 'package', 'linked-app'), folder, { recursive: true });
  const dependencies = { 'aws-cdk-lib': '^2.276.0', constructs: '^10.8.1', waybill: `file:${tarball}`, zod: '^4.6.7' };
  // The library brings it along, but Yarn asks the registry for it, which need not have that version.
  const resolutions = { '@aws/cloudformation-validate': '*' };
  const files = {
    'package.json': JSON.stringify({ name: 'orders-app', private: true, dependencies, resolutions }),
    ...(manager.lockFile === 'yarn.lock' && { 'yarn.lock': '' }),
    ...manager.settings,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const [program = '', ...install] = manager.install;
  await runCommand(program, install, { cwd: folder, env });
  const [node = '', ...before] = manager.node;
  await runCommand(node, [...before, 'app.js', '.'], { cwd: folder, env });
  const assets = (await readdir(join(folder, 'cdk.out'))).filter((name) => name.startsWith('asset.'));
  return readdir(join(folder, 'cdk.out', assets[0] ?? ''));
}
