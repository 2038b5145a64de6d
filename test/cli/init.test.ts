import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../../lib/cli/index.ts';
import { temporaryFolder } from '../local/fake-program.ts';
import { capturedContext } from './captured-context.ts';

async function init(folder: string, ...parameters: string[]) {
  const context = capturedContext({ npm_config_user_agent: 'pnpm/10.1.0 npm/? node/v24' });
  const exitCode = await run(['init', folder, ...parameters, '--no-install'], context);
  const text = (name: string) => readFileSync(join(folder, name), 'utf8');
  return { exitCode, stdout: context.stdout(), stderr: context.stderr(), text };
}

const SOURCES = ['src/app.ts', 'src/contract.ts', 'src/functions/place-order.ts', 'src/functions/reserve-stock.ts'];

test('an application is made, and what to do next is printed, for the manager that runs it', async () => {
  const folder = join(temporaryFolder(), 'My Shop!');
  const { exitCode, stdout, text } = await init(folder);
  expect(exitCode).toBe(0);
  expect(stdout.trimEnd().split('\n').slice(1)).toEqual(['pnpm install', 'pnpm test', 'pnpm dev']);
  const manifest = JSON.parse(text('package.json'));
  expect(manifest).toMatchObject({
    name: 'my-shop',
    type: 'module',
    scripts: { test: 'vitest run', dev: 'waybill dev' },
  });
  const own = JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8'));
  expect(manifest.dependencies).toEqual({ waybill: `^${own.version}`, zod: own.devDependencies.zod });
  expect(Object.values(manifest.devDependencies)).not.toContain('*');
  expect(text('README.md')).toContain('pnpm dev ');
  expect(readdirSync(folder)).toContain('.gitignore');
});

test('--cjs and --jest make CommonJS, without a trace of ES modules that it could not run', async () => {
  for (const flag of ['--cjs', '--jest']) {
    const { text } = await init(join(temporaryFolder(), 'shop'), flag, '--manager', 'npm');
    const manifest = JSON.parse(text('package.json'));
    expect(manifest).not.toHaveProperty('type');
    for (const file of [...SOURCES, 'src/stack.ts', 'test/shop.test.ts', 'test/certificate.test.ts']) {
      expect(text(file)).not.toMatch(/import\.meta|from '\.[^']*\.ts'/);
      expect(text(file).includes("from 'vitest'")).toBe(flag === '--cjs' && file.startsWith('test/'));
    }
    expect(text('src/stack.ts')).toMatch(/=> `\$\{__dirname\}\/functions\/\$\{name\}\.ts`;/);
    expect(manifest.scripts.test).toBe(flag === '--jest' ? 'jest' : 'vitest run');
  }
});

test('a folder that holds something is left as it is, and a repository that was just made is not one', async () => {
  const full = temporaryFolder();
  writeFileSync(join(full, 'notes.txt'), 'mine');
  const { exitCode, stderr } = await init(full);
  expect(exitCode).toBe(1);
  expect(stderr).toBe(`error: ${full} is not empty (notes.txt): name another folder\n`);
  expect(readdirSync(full)).toEqual(['notes.txt']);
  const fresh = temporaryFolder();
  mkdirSync(join(fresh, '.git'));
  expect((await init(fresh)).exitCode).toBe(0);
});
