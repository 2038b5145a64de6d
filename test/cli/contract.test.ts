import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../../lib/cli/index.ts';
import { temporaryFolder } from '../local/fake-program.ts';
import { capturedContext } from './captured-context.ts';

const MODULE = 'examples/commerce/contract.ts';

async function check(snapshot: string, ...more: string[]) {
  const context = capturedContext();
  const exitCode = await run(['contract', 'check', MODULE, '--snapshot', snapshot, ...more], context);
  return { exitCode, out: context.stdout() };
}

test('a contract is checked against its committed snapshot', async () => {
  const file = join(temporaryFolder(), 'contract.json');
  expect(await check(file)).toMatchObject({ exitCode: 1, out: expect.stringContaining('--write') });
  expect(await check(file, '--write')).toMatchObject({ exitCode: 0 });
  expect(await check(file)).toEqual({ exitCode: 0, out: 'The contract is as it was committed.\n' });

  const snapshot = JSON.parse(readFileSync(file, 'utf8'));
  const { schema } =
    snapshot['payment.succeeded@1'] ?? (Object.values(snapshot)[0] as { schema: { required: string[] } });
  schema.required.pop();
  writeFileSync(file, JSON.stringify(snapshot));
  expect(await check(file)).toMatchObject({ exitCode: 1, out: expect.stringContaining('it is required now') });
  const { exitCode, out } = await check(file, '--json');
  expect(exitCode).toBe(1);
  expect(JSON.parse(out)).toMatchObject({ found: true, written: false, breaking: 1, changes: [{ kind: 'breaking' }] });
});
