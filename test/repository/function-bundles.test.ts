import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BINDINGS } from '../../lib/contract/bindings.ts';
import type { SagaSettings } from '../../lib/contract/saga-settings.ts';
import { functionNames } from '../../scripts/build/freshness.mjs';
import { BundleError, bundleFunction } from '../../scripts/build/function-bundles.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Inside the repository, so that imports resolve as they do for the functions. */
const cache = join(root, 'node_modules/.cache/waybill');

const SAGA: SagaSettings = {
  name: 'trip',
  version: 1,
  businessLine: 'trips',
  machine: 'arn:1',
  unwindMachine: 'arn:2',
};

let folder: string;

beforeAll(async () => {
  await mkdir(cache, { recursive: true });
  folder = await mkdtemp(join(cache, 'bundle-test-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe.for(functionNames())("the framework's function %s", (name) => {
  let bundled: Awaited<ReturnType<typeof bundleFunction>>;
  beforeAll(async () => {
    bundled = await bundleFunction(name);
  });

  test('loads in plain Node, with nothing installed beside it, and has a handler', async () => {
    const { contents } = bundled;
    const file = join(folder, `${name}.mjs`);
    await writeFile(file, contents);

    const script = `const { handler } = await import(${JSON.stringify(pathToFileURL(file).href)}); console.log(typeof handler);`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      cwd: folder,
      // What the functions of sagas are told by their construct, before they load.
      env: { ...process.env, [BINDINGS.saga]: JSON.stringify(SAGA) },
    });

    expect(stdout).toBe('function\n');
  });

  test('is the same bytes whenever it is bundled from the same sources', async () => {
    const before = await readFile(join(root, `dist/functions/${name}/index.mjs`));

    expect(Buffer.compare(bundled.contents, before)).toBe(0);
  });
});

test('a function that imports a deploy-time library is not bundled', async () => {
  const entry = join(folder, 'deploys.ts');
  await writeFile(
    entry,
    "import { Construct } from 'constructs';\nexport const handler = () => new Construct(null as never, '');\n",
  );

  const attempt = bundleFunction('deploys', relative(root, entry));

  await expect(attempt).rejects.toThrow(BundleError);
  await expect(attempt).rejects.toThrow(/deploys\.ts imports node_modules\/constructs\//);
});

test('a function that does not compile says where', async () => {
  const entry = join(folder, 'broken.ts');
  await writeFile(entry, "import { nothing } from './nowhere.ts';\nexport const handler = nothing;\n");

  await expect(bundleFunction('broken', relative(root, entry))).rejects.toThrow(/nowhere\.ts/);
});
