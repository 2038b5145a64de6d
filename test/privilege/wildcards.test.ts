import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { type Resources, statementsOf } from '../constructs/shop-app.ts';
import { everyStack } from '../templates/stacks.ts';

vi.setConfig({ testTimeout: 60_000 });

interface Reviewed {
  readonly actions: readonly string[];
  /** How the resource ends. */
  readonly resource: string;
  readonly reason: string;
}

const reviewed = JSON.parse(readFileSync(join(import.meta.dirname, 'wildcards.json'), 'utf8')) as readonly Reviewed[];

const SUBSCRIBERS = /\/(?:[a-z]+-)+[a-z]+\/\*$/;

const SCHEDULES = /:schedule\/[^/*]+\/\*$/;

const EXECUTIONS = /:execution:.+:\*$/;

const folder = mkdtempSync(join(tmpdir(), 'waybill-privilege-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const allowed = everyStack(folder, false)
  .synth()
  .stacks.flatMap((stack) => statementsOf((stack.template as { Resources: Resources }).Resources))
  // A key's own policy names the account, and has no resource but the key.
  .filter(({ effect, type }) => effect === 'Allow' && type !== 'AWS::KMS::Key');

test('no policy of any template allows a wildcard action', () => {
  expect(allowed.length).toBeGreaterThan(100);
  expect(allowed.filter(({ actions }) => actions.some((action) => action.includes('*')))).toEqual([]);
});

test('a wildcard resource is one that was reviewed, and what was reviewed is still needed', () => {
  const found = allowed.flatMap(({ actions, resources }) =>
    resources.map(spell).flatMap((resource) => (resource.includes('*') ? [key(actions, shortened(resource))] : [])),
  );

  expect([...new Set(found)].sort()).toEqual(reviewed.map(({ actions, resource }) => key(actions, resource)).sort());
  for (const { reason } of reviewed) expect(reason.length).toBeGreaterThan(40);
});

function key(actions: readonly string[], resource: string): string {
  return `${actions.join(',')} on ${resource}`;
}

/** The prefix below a bucket, the executions of a machine; anything else stays whole. */
function shortened(resource: string): string {
  for (const prefix of ['/aws/lambda/*', '/unfinished/*']) if (resource.endsWith(prefix)) return prefix;
  if (EXECUTIONS.test(resource)) return ':execution:<machine>:*';
  if (SCHEDULES.test(resource)) return ':schedule/<group>/*';
  return SUBSCRIBERS.test(resource) ? '/<subscriber>/*' : resource;
}

/** A role's trust policy names no resource. */
function spell(resource: unknown): string {
  const join = (resource as { 'Fn::Join'?: [string, unknown[]] } | undefined)?.['Fn::Join'];
  if (join) return join[1].map(spell).join(join[0]);
  return typeof resource === 'string' ? resource : JSON.stringify(resource ?? '');
}
