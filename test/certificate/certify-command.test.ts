import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const script = fileURLToPath(new URL('../../scripts/certify.ts', import.meta.url));
const TIMEOUT = 120_000;

describe('npm run certify', { timeout: TIMEOUT }, () => {
  test('--json prints one object of the promised shape, and fails where kinds of faults never happened', async () => {
    const { code, stdout, stderr } = await certify('--plans', '3', '--seed', '5', '--json');

    const certificate = JSON.parse(stdout);
    expect(Object.keys(certificate)).toEqual([
      'plans',
      'messages',
      'faults',
      'operations',
      'lost',
      'doubled',
      'uncaused',
      'charges',
      'chargedTwice',
      'reordered',
      'sagas',
      'steps',
      'compensated',
      'stuck',
      'leftBehind',
      'unreached',
      'hash',
    ]);
    expect(certificate).toMatchObject({ plans: 3, lost: 0, doubled: 0, uncaused: 0 });
    expect(certificate.unreached).toContain('recorder.dead');
    expect(certificate.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(stderr).toMatch(/3 plans did not show what comes of/);
    expect(code).toBe(1);
  });

  test('--replay runs the plan of a file, and tells what happened', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'plan-'));
    try {
      const file = join(folder, 'plan.json');
      const faults = [{ site: 'relay.invoke', nth: 0, fault: { kind: 'crash-at-start', times: 1 } }];
      await writeFile(file, JSON.stringify({ seed: 3, workload: [{ step: 0, at: 0 }], faults }));

      const { code, stdout, stderr } = await certify('--replay', file, '--json');

      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ plans: 1, messages: 3, lost: 0 });
      expect(stderr).toContain('FAULT relay.invoke 0');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test.each([
    [['--plans', 'many'], /--plans is 'many': give a whole number from 1/],
    [['--plans', '0'], /--plans is '0'/],
    [['--replay', 'nowhere.json'], /nowhere\.json is no plan: .*no such file/],
    [['--sed', '1'], /--sed/],
  ])('says in one sentence what is wrong with %s', async (args, message) => {
    const { code, stdout, stderr } = await certify(...args);

    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});

function certify(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['--conditions=waybill-source', script, ...args], (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}
