import { cp, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, posix, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type InstalledApp, installApp } from './installed-app.ts';
import { LOCK_FILES, linkedProject } from './linked-project.ts';
import { olderNode } from './older-node.ts';
import { runCommand } from './run-command.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

const tsc = join(root, 'node_modules/typescript/bin/tsc');
const command = join('node_modules', 'waybill', 'dist', 'bin', 'waybill.js');

let app: InstalledApp;

beforeAll(async () => {
  app = await installApp();
});

afterAll(async () => {
  await app?.remove();
});

describe('what npm publishes', () => {
  test('has every file that package.json promises', async () => {
    const { bin, exports } = JSON.parse(await readFile(inPackage('package.json'), 'utf8'));
    const promised = Object.values(exports).flatMap((entry) => filesOf(entry));

    const files = await packagedFiles();

    expect(promised.length).toBe(5 * 4 + 1);
    const paths = [...promised, ...Object.values<string>(bin)].map((path) => path.replace('./', ''));
    expect(paths.filter((path) => !files.includes(path))).toEqual([]);
  });

  test('has every file that its own files import', async () => {
    const files = await packagedFiles();

    const imported = await Promise.all(
      files
        .filter((path) => /^dist\/(?:lib|bin)\/.*\.js$/.test(path))
        .map(async (path) => {
          const code = await readFile(inPackage(path), 'utf8');
          const relative = code.matchAll(
            /^(?:import|export|\}).* from ["'](\.[^"']+)["'];$|\bimport\(["'](\.[^"']+)["']\)/gm,
          );
          return [...relative].map(([, named, loaded]) => posix.join(dirname(path), named ?? loaded ?? ''));
        }),
    );
    expect(imported.flat().length).toBeGreaterThan(files.length / 4);
    expect(imported.flat().filter((path) => !files.includes(path))).toEqual([]);
  });

  test('has no sources, no tests and nothing of the repository', async () => {
    const files = await packagedFiles();

    const expected =
      /^(?:package\.json|(?:README|ARCHITECTURE|CHANGELOG)\.md|LICENSE|docs\/.*\.md|dist\/.*\.(?:js|d\.ts)|dist\/cjs\/package\.json|dist\/lib\/radar\/browser\/[\w-]+\.css|dist\/functions\/[\w-]+\/index\.mjs|templates\/app\/.*)$/;
    expect(files.filter((path) => !expected.test(path))).toEqual([]);
    const own = files.filter((path) => !path.startsWith('templates/'));
    expect(own.filter((path) => /\.test\.|(?:^|\/)(?:test|examples|bench|scripts)\//.test(path))).toEqual([]);
  });

  test('has the pages that it names, and says on which Node it runs as package.json does', async () => {
    const { engines } = JSON.parse(await readFile(inPackage('package.json'), 'utf8'));
    const rules = (await packagedFiles()).filter((path) => /^dist\/lib\/constructs\/rules\/.*\.js$/.test(path));
    const named = await Promise.all(
      rules.map(async (path) => [...(await readFile(inPackage(path), 'utf8')).matchAll(/docs\/[\w/-]+\.md/g)]),
    );

    const pages = named.flat().map(([page]) => page);
    expect(pages.length).toBeGreaterThan(0);
    expect(await Promise.all(pages.map((page) => stat(inPackage(page))))).toHaveLength(pages.length);
    expect(await readFile(inPackage('README.md'), 'utf8')).toContain(`Node ${engines.node.replace('>=', '')} or newer`);
  });

  test('is published without a warning: npm has nothing in its package.json to correct', async () => {
    // Nobody answers there, and nobody is asked: without a token npm warns of that.
    const registry = ['--registry=http://127.0.0.1:9/', '--//127.0.0.1:9/:_authToken=none'];
    const publish = ['npm', 'publish', inPackage('.'), '--dry-run', '--offline', '--ignore-scripts', ...registry];

    const said = await runCommand('sh', ['-c', '"$@" 2>&1', 'sh', ...publish], { cwd: app.folder, env: app.env });

    expect(said).toMatch(/^\+ waybill@\d/m);
    expect(said.split('\n').filter((line) => /\bwarn\b|\berror\b/i.test(line))).toEqual([]);
  });

  test("has each of the framework's functions, bundled", async () => {
    const sources = (await readdir(join(root, 'functions'))).filter((name) => name.endsWith('.ts'));
    const bundled = await readdir(inPackage('dist/functions'));

    expect(bundled.sort()).toEqual(sources.map((name) => name.replace(/\.ts$/, '')).sort());
  });

  test('is small: packed, 250 KB for each function and 1.7 MB for both builds and the pages; and it brings no Node along', async () => {
    const functions = await readdir(inPackage('dist/functions'));
    expect(app.packedSize).toBeLessThan(functions.length * 250_000 + 1_700_000);
    const installed = await readdir(join(app.folder, 'node_modules'));
    expect(installed.filter((name) => name.startsWith('node-'))).toEqual([]);
  });
});

describe('an empty CommonJS CDK app', () => {
  test('type-checks, and so do all the declarations that it installed', async () => {
    const complaints = await run(tsc, '--project', '.', '--pretty', 'false').catch((error: Error) => {
      if (!/error TS\d+/.test(error.message)) throw error;
      return error.message;
    });

    expect(complaints.split('\n').filter((line) => /error TS\d+/.test(line))).toEqual([]);
  });

  test('requires the contract and the runtime with plain Node', async () => {
    const script = "console.log(typeof require('waybill').defineEvent, typeof require('waybill/runtime').consume)";

    expect(await run('-e', script)).toBe('function function\n');
  });

  test('requires every door where no module can be required, as under jest, and finds one copy of each class', async () => {
    const doors = ['', '/runtime', '/operations', '/constructs', '/testing'].map((door) => `waybill${door}`);
    const script = `
      const doors = ${JSON.stringify(doors)}.map((door) => Object.keys(require(door)));
      const [contract, runtime, , , testing] = ${JSON.stringify(doors)}.map((door) => require(door));
      const A = contract.defineEvent('a', { schema: { '~standard': { version: 1, vendor: 'x', validate: (value) => ({ value }) } }, key: (a) => a.id, businessLine: 'l' });
      const S = contract.defineSubscriber('s', { consumes: [A] });
      const handler = runtime.consume(S, async () => { throw new contract.Rejected('no'); });
      const { testLedger, certify, publishing } = testing;
      const workload = [publishing(A, { id: '1' })];
      const system = { subscribers: [S], handlers: { s: runtime.consume(S, async () => undefined) }, workload };
      Promise.all([testLedger().deliver(handler, A, { id: '1' }), certify({ ...system, plans: 5, allowUnreached: true })]).then(
        ([{ outcome, reason }, { plans }]) => console.log(JSON.stringify({ doors, outcome, reason, plans })),
      );`;
    const { doors: exported, ...said } = JSON.parse(await run('--no-experimental-require-module', '-e', script)) as {
      doors: string[][];
    };
    expect(said).toEqual({ outcome: 'deadLettered', reason: 'rejected', plans: 5 });
    const modules = await Promise.all(
      doors.map(async (door) => {
        const names = await run(
          '--input-type=module',
          '-e',
          `console.log(Object.keys(await import('${door}')).join())`,
        );
        return names.trim().split(',').sort();
      }),
    );
    expect(exported.map((names) => names.sort())).toEqual(modules);
  });

  test('has its handlers tested by node:test, without another test runner', async () => {
    const file = join(app.folder, 'reserve-stock.test.mjs');
    const lines = [
      "import assert from 'node:assert/strict';",
      "import test from 'node:test';",
      "import { defineEvent, defineSubscriber } from 'waybill';",
      "import { consume } from 'waybill/runtime';",
      "import { testLedger } from 'waybill/testing';",
      "import * as z from 'zod/mini';",
      "const A = defineEvent('a', { schema: z.object({ id: z.string() }), key: (a) => a.id, businessLine: 'l' });",
      "const S = defineSubscriber('s', { consumes: [A] });",
      "test('once', async () => {",
      '  const ledger = testLedger();',
      "  const { id } = await ledger.deliver(consume(S, async () => {}), A, { id: '1' });",
      "  assert.equal((await ledger.redeliver(consume(S, async () => {}), id)).outcome, 'already');",
      '});',
    ];
    await writeFile(file, lines.join('\n'));

    expect(await run('--test', '--test-reporter=tap', file)).toMatch(/^# pass 1\n# fail 0$/m);
  });

  test('synthesizes, and bundles its handler without a build tool of its own', async () => {
    await run('app.js');

    const { Resources } = JSON.parse(await readFile(join(app.folder, 'cdk.out/Orders.template.json'), 'utf8'));
    const handler = await assetOf(app.folder, Resources, /^ReserveStock/);
    const { handler: consume } = await import(pathToFileURL(join(handler, 'index.mjs')).href);
    expect(await entriesOf(handler)).toEqual(['index.mjs']);
    expect(consume).toBeTypeOf('function');
    const relay = await assetOf(app.folder, Resources, /^LedgerRelay/);
    expect(await readFile(join(relay, 'index.mjs'))).toEqual(
      await readFile(inPackage('dist/functions/relay/index.mjs')),
    );
  });

  test('has the command', async () => {
    expect(await run(command, '--version')).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

test('handlers are bundled where esbuild is none of the programs of their project, as under pnpm and Yarn', async () => {
  const folder = await linkedProject(app);

  await runCommand(process.execPath, ['app.js', ...LOCK_FILES], { cwd: folder, env: app.env });

  const { Resources } = JSON.parse(await readFile(join(folder, 'cdk.out/Orders.template.json'), 'utf8'));
  for (const [index] of LOCK_FILES.entries()) {
    expect(await entriesOf(await assetOf(folder, Resources, new RegExp(`^ReserveStock${index}`)))).toEqual([
      'index.mjs',
    ]);
  }
});

describe('a project without the CDK', () => {
  test.each([
    ['node16', 'node16'],
    ['esnext', 'bundler'],
  ])('type-checks with module %s and resolution %s, all declarations included', async (module, resolution) => {
    const folder = join(app.folder, '..', resolution);
    await mkdir(folder);
    await symlink(join(app.folder, 'node_modules'), join(folder, 'node_modules'), 'junction');
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    await cp(join(root, 'test/package/linked-app/reserve-stock.ts'), join(folder, 'reserve-stock.ts'));
    const doors = ['waybill', 'waybill/operations', 'waybill/runtime', 'waybill/testing'];
    await writeFile(
      join(folder, 'doors.ts'),
      doors.map((door, index) => `export * as door${index} from '${door}';\n`),
    );

    const options = [
      '--noEmit',
      '--strict',
      '--target',
      'es2022',
      '--lib',
      'es2023',
      '--skipLibCheck',
      'false',
      '--types',
      'node',
    ];
    const how = ['--module', module, '--moduleResolution', resolution, '--listFiles', '--pretty', 'false'];
    const read = await runCommand(process.execPath, [tsc, ...options, ...how, 'doors.ts', 'reserve-stock.ts'], {
      cwd: folder,
      env: app.env,
    });

    expect(read).toContain('waybill/dist/lib/public/testing.d.ts');
    expect(read).not.toContain('node_modules/aws-cdk-lib/');
  });
});

describe('the command', () => {
  test('on a Node that is too old says which one it needs, before it loads what that Node cannot', async () => {
    const { engines } = JSON.parse(await readFile(inPackage('package.json'), 'utf8'));
    const old = await olderNode(app);

    const said = runCommand(old.program, [...old.args, command, 'up'], { cwd: app.folder, env: app.env });

    const needed = engines.node.replace('>=', '');
    await expect(said).rejects.toThrow(
      new RegExp(
        `\\nerror: waybill needs Node ${needed} or newer, and this is Node 20\\.[^\\n]*https://nodejs.org.\\n$`,
      ),
    );
    const bin = await readFile(inPackage('dist/bin/waybill.js'), 'utf8');
    expect([...bin.matchAll(/^import .* from '(.*)';$/gm)].map(([, module]) => module)).toEqual(['node:module']);
  });

  test('without an engine gives advice that works where the package is installed', async () => {
    const env = { ...app.env, WAYBILL_STATE_FOLDER: join(app.folder, 'state') };

    const said = runCommand(process.execPath, [command, 'reconcile'], { cwd: app.folder, env });

    await expect(said).rejects.toThrow(/error: No engine runs: `eval "\$\(npx waybill up\)"` .*`npx cdk deploy`/);
  });
});

type Entry = string | { readonly [condition: string]: Entry };

/** The files of an entry of `exports`, but for the sources, which are not published. */
function filesOf(entry: unknown): string[] {
  if (typeof entry === 'string') return [entry];
  return Object.entries(entry as Exclude<Entry, string>).flatMap(([condition, inner]) =>
    condition === 'waybill-source' ? [] : filesOf(inner),
  );
}

function run(...args: string[]): Promise<string> {
  return runCommand(process.execPath, args, { cwd: app.folder, env: app.env });
}

function inPackage(path: string): string {
  return join(app.folder, 'node_modules/waybill', path);
}

async function packagedFiles(): Promise<string[]> {
  const entries = await readdir(inPackage('.'), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files.map((file) => file.slice(inPackage('.').length + 1).replaceAll(sep, '/'));
}

type Resource = { Type: string; Metadata?: Record<string, string>; Properties: { Code?: { S3Key?: string } } };

/** The folder that a function's code is taken from. */
async function assetOf(folder: string, resources: Record<string, Resource>, logicalId: RegExp): Promise<string> {
  const [, found] =
    Object.entries(resources).find(([id, { Type }]) => Type === 'AWS::Lambda::Function' && logicalId.test(id)) ?? [];
  const key = found?.Properties.Code?.S3Key;
  if (typeof key !== 'string') throw new Error(`No function ${logicalId} in ${Object.keys(resources).join(', ')}.`);
  const asset = join(folder, 'cdk.out', `asset.${key.replace('.zip', '')}`);
  await stat(asset);
  return asset;
}

/** The files of a handler but for those that hold what it imports later. */
async function entriesOf(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => !/^chunk-[A-Z0-9]+\.mjs$/.test(name));
}
