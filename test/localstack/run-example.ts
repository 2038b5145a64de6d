import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

/** Runs the tests of `examples/localstack` as its user does, with these variables beside what every program needs. */
export async function runExample(
  variables: Readonly<Record<string, string | undefined>>,
): Promise<{ readonly exitCode: number | null; readonly output: string }> {
  const file = join('examples', 'localstack', 'shop.test.ts');
  const example = spawn(process.execPath, ['--conditions=waybill-source', '--test', '--test-reporter=tap', file], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, CDK_VALIDATION: 'false', ...variables },
  });
  let output = '';
  example.stdout.on('data', (chunk) => (output += chunk));
  example.stderr.on('data', (chunk) => (output += chunk));
  const [exitCode] = (await once(example, 'close')) as [number | null];
  return { exitCode, output };
}
