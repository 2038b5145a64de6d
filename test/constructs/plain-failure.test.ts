import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { plainFailure } from '../../lib/constructs/plain-failure.ts';
import { Ledger } from '../../lib/public/constructs.ts';
import { handlerIn, testApp, testStack } from './shop-app.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** What a process says that runs this app, and with which code it ends. */
async function synthesized(...lines: readonly string[]): Promise<{ readonly code: number; readonly stderr: string }> {
  const folder = mkdtempSync(join(ROOT, 'test', 'app-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'app.ts'), lines.join('\n'));
  const run = promisify(execFile)(process.execPath, ['--conditions=waybill-source', join(folder, 'app.ts')], {
    env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1' },
  });
  return run.then(
    ({ stderr }) => ({ code: 0, stderr }),
    ({ code, stderr }: { code: number; stderr: string }) => ({ code, stderr }),
  );
}

test('an app that cannot be synthesized says its code, its sentences and its line, and no stack', async () => {
  const { code, stderr } = await synthesized(
    "import { InvalidConstruct } from 'waybill/constructs';",
    "throw new InvalidConstruct({ node: { path: 'Shop/Ledger' } } as never, 'It cannot work: mend it');",
  );
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^InvalidConstruct \[invalid-construct\]: It cannot work: mend it \(at 'Shop\/Ledger'\)\n {4}at file:.*app\.ts:2:7\n$/,
  );
});

test('an error of the app itself is printed as ever', async () => {
  const { code, stderr } = await synthesized("import 'waybill/constructs';", "throw new TypeError('of the app');");
  expect(code).toBe(1);
  expect(stderr).toMatch(/TypeError: of the app\n\s+at /);
});

test('what a rule refuses is said without a stack', () => {
  const app = testApp();
  const stack = testStack('Shop', app);
  new Ledger(stack, 'Ledger', { reconcile: false }).grantSend(handlerIn(stack));
  let refusal: unknown;
  try {
    app.synth();
  } catch (error) {
    refusal = error;
  }
  expect(plainFailure(refusal)).toMatch(/\[waybill:handshake-without-reconciler\] /);
  expect(plainFailure(refusal)).not.toMatch(/^\s+at .*:\d+:\d+/m);
});

test.each([[new Error('x')], ['text'], [undefined], [Object.create(null)]])('%j is left to Node', (error) => {
  expect(plainFailure(error)).toBeUndefined();
});
