import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { EngineInstallFailed, PythonIncomplete, PythonMissing } from '../../lib/local/errors.ts';
import { type Finding, installCfnLint, lint } from './cfn-lint.ts';
import { everyStack } from './stacks.ts';

// CDK's own validation takes seconds to start, and the linter may have to be fetched.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const acknowledged = JSON.parse(readFileSync(join(import.meta.dirname, 'acknowledged.json'), 'utf8')) as Record<
  string,
  { readonly message: string; readonly reason: string }
>;

const folder = mkdtempSync(join(tmpdir(), 'waybill-templates-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Undefined where the linter cannot be had: `missing` says why. */
let python: string | undefined;
let missing = '';
beforeAll(async () => {
  try {
    python = await installCfnLint();
  } catch (error) {
    const known = [EngineInstallFailed, PythonIncomplete, PythonMissing].some((type) => error instanceof type);
    if (!known) throw error;
    missing = `cfn-lint cannot be fetched here, so it checks nothing: ${(error as Error).message}`;
  }
});

test("CDK's own validation finds nothing in any stack", ({ onTestFinished }) => {
  onTestFinished(() => void vi.unstubAllEnvs());
  vi.stubEnv('CDK_VALIDATION', 'true');
  expect(() => everyStack(folder).synth()).not.toThrow();
  expect(templates()).toHaveLength(11);
});

test('cfn-lint finds no error, and warns of nothing but what is acknowledged', async ({ skip }) => {
  if (!python) return skip(missing);
  const findings = await lint(python, templates());

  expect(findings.filter((finding) => !isAcknowledged(finding))).toEqual([]);
  // An acknowledgement that nothing needs any more goes.
  expect(Object.keys(acknowledged).sort()).toEqual([...new Set(findings.map(({ rule }) => rule))].sort());
});

test('no error is acknowledged, and each acknowledgement gives its reason', () => {
  for (const [rule, { reason }] of Object.entries(acknowledged)) {
    expect(rule).toMatch(/^[WI]\d+$/);
    expect(reason.length).toBeGreaterThan(40);
  }
});

test('cfn-lint finds what CloudFormation would refuse', async ({ skip }) => {
  if (!python) return skip(missing);
  const file = join(folder, 'Careless.json');
  const Queue = { Type: 'AWS::SQS::Queue', Properties: { VisibilityTimeout: 43_201 } };
  writeFileSync(file, JSON.stringify({ Resources: { Queue } }));

  expect((await lint(python, [file])).map(({ rule }) => rule)).toEqual(['E3034']);
});

function isAcknowledged({ rule, message }: Finding): boolean {
  const entry = acknowledged[rule];
  return entry !== undefined && message.includes(entry.message);
}

function templates(): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.template.json'))
    .map((name) => join(folder, name));
}
