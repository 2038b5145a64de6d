import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { ConsumerFunction, type ConsumerFunctionProps } from 'waybill/constructs';
import { only, resourcesOf, testApp, testStack } from '../shop-app.ts';

const project = mkdtempSync(join(tmpdir(), 'waybill-cache-'));
afterAll(() => rmSync(project, { recursive: true, force: true }));

beforeEach(() => {
  rmSync(project, { recursive: true, force: true });
  write('package-lock.json', '{}');
  write('package.json', '{ "type": "module" }');
  write('node_modules/tax/package.json', '{ "name": "tax", "main": "index.js" }');
  write('node_modules/tax/index.js', 'module.exports = 7;');
  write('functions/price.ts', 'export const price = 100;');
  write(
    'functions/handler.ts',
    "import tax from 'tax'; import { price } from './price'; export const handler = () => price + tax;",
  );
});

test('what has not changed is not bundled again, and is the same asset', () => {
  const first = synthesized();
  const again = synthesized();

  expect(first.code).toContain('100');
  expect(again).toEqual(first);
});

test.for<[what: string, path: string, text: string]>([
  ['a file that it imports', 'functions/price.ts', 'export const price = 200;'],
  ['a package', 'node_modules/tax/index.js', 'module.exports = 8;'],
  ['a new file that is taken in place of another', 'functions/price.tsx', 'export const price = 300;'],
  ['the handler itself', 'functions/handler.ts', 'export const handler = () => 0;'],
])('%s makes it bundle anew', ([, path, text]) => {
  const first = synthesized();
  write(path, text);
  const second = synthesized();

  expect(second.asset).not.toBe(first.asset);
  expect(second.code).not.toBe(first.code);
  expect(synthesized()).toEqual(second);
});

test.for(['package-lock.json', 'tsconfig.json', 'package.json'])('so does %s, by which modules are read', (file) => {
  const { bundledAt } = synthesized();
  write(file, '{ "type": "module", "compilerOptions": {} }');

  expect(synthesized().bundledAt).toBeGreaterThan(bundledAt);
});

test('what is imported later lies in a file of its own, beside no older one', () => {
  write('functions/handler.ts', "export const handler = async () => (await import('./price')).price;");
  const first = synthesized();
  write('functions/price.ts', 'export const price = 200;');
  const second = synthesized();

  const [[name, text] = ['', '']] = Object.entries(second.later);
  expect(second.code).toContain(`import("./${name}")`);
  expect(text).toContain('200');
  expect(Object.keys(second.later)).toHaveLength(1);
  expect(Object.keys(first.later)).not.toContain(name);
});

test('code that does not compile is told by the CDK, and what was there before is not taken for it', () => {
  const { code } = synthesized();
  write('functions/price.ts', 'export const price = ;');
  expect(() => synthesized()).toThrow(/Failed to bundle asset/);
  write('functions/price.ts', 'export const price = 100;');

  expect(synthesized().code).toBe(code);
});

test('other options are another bundle', () => {
  const { asset } = synthesized();
  const plain = synthesized({ bundling: { minify: false } });

  expect(plain.asset).not.toBe(asset);
  expect(synthesized().asset).toBe(asset);
});

function write(path: string, text: string): void {
  mkdirSync(dirname(join(project, path)), { recursive: true });
  writeFileSync(join(project, path), text);
}

/** The handler's asset, and when esbuild has last written one, in milliseconds. */
function synthesized(props: Partial<ConsumerFunctionProps> = {}) {
  const app = testApp({ context: {} });
  const stack = testStack('Shop', app);
  new ConsumerFunction(stack, 'Handler', { entry: join(project, 'functions/handler.ts'), ...props });
  app.synth();
  const { Properties } = only(resourcesOf(stack), 'AWS::Lambda::Function');
  const asset = (Properties as { readonly Code: { readonly S3Key: string } }).Code.S3Key.replace('.zip', '');
  const cache = join(project, 'node_modules/.cache/waybill/handlers');
  const written = readdirSync(cache).map((key) => statSync(join(cache, key, 'code/index.mjs')).mtimeMs);
  const folder = join(app.outdir, `asset.${asset}`);
  const files = readdirSync(folder).filter((name) => name !== 'index.mjs');
  return {
    asset,
    later: Object.fromEntries(files.map((name) => [name, readFileSync(join(folder, name), 'utf8')])),
    code: readFileSync(join(folder, 'index.mjs'), 'utf8'),
    bundledAt: Math.max(...written),
  };
}
