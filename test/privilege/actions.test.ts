import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { STACK_NAME } from '../../demo/deployment.ts';
import { type Resources, statementsOf } from '../constructs/shop-app.ts';
import { everyStack } from '../templates/stacks.ts';

vi.setConfig({ testTimeout: 60_000 });

interface Reviewed {
  readonly actions: readonly string[];
  readonly reason: string;
}

const reviewed = JSON.parse(
  readFileSync(join(import.meta.dirname, 'beyond-the-example.json'), 'utf8'),
) as readonly Reviewed[];

const folder = mkdtempSync(join(tmpdir(), 'waybill-privilege-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const grants = everyStack(folder, false)
  .synth()
  .stacks.flatMap((stack) =>
    statementsOf((stack.template as { Resources: Resources }).Resources)
      .filter(({ effect, type }) => effect === 'Allow' && type === 'AWS::IAM::Policy')
      .flatMap(({ actions }) => actions.map((action) => ({ stack: stack.stackName, action }))),
  );

test('a role grants no action that the example shop does not prove, but for a reason that was reviewed', () => {
  const enforced = new Set(grants.filter(({ stack }) => stack === STACK_NAME).map(({ action }) => action));
  expect(enforced.size).toBeGreaterThan(20);
  const beyond = new Set(grants.map(({ action }) => action).filter((action) => !enforced.has(action)));
  expect([...beyond].sort()).toEqual(reviewed.flatMap(({ actions }) => actions).sort());
  for (const { reason } of reviewed) expect(reason.length).toBeGreaterThan(40);
});
