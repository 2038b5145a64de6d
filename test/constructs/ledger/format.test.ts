import type { Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { expect, test } from 'vitest';
import { Ledger } from '../../../lib/public/constructs.ts';
import { shop } from '../rules/proved-shop.ts';
import { only, resourcesOf, testStack } from '../shop-app.ts';

const dependencies = (stack: Stack, type: string, name = ''): readonly string[] =>
  only(resourcesOf(stack), type, name).DependsOn ?? [];

test('a ledger without `format` has its format before its subscribers have routes', () => {
  const { stack } = shop();
  Template.fromStack(stack).hasResourceProperties('Custom::WaybillFormat', { format: Match.absent() });
  const { id } = only(resourcesOf(stack), 'Custom::WaybillFormat');
  for (const name of ['ReserveRoute', 'CountRoute']) {
    expect(dependencies(stack, 'Custom::WaybillRoute', name)).toContain(id);
  }
});

test('a `format` is turned on after the routes of the stack', () => {
  const { stack } = shop({ ledger: { format: 2 } });
  Template.fromStack(stack).hasResourceProperties('Custom::WaybillFormat', { format: 2 });
  const routes = ['ReserveRoute', 'CountRoute'].map(
    (name) => only(resourcesOf(stack), 'Custom::WaybillRoute', name).id,
  );
  expect(dependencies(stack, 'Custom::WaybillFormat')).toEqual(expect.arrayContaining(routes));
});

test('the format of a ledger has nothing to do with the routes of another', () => {
  const { stack } = shop();
  const [plain, packed] = [new Ledger(stack, 'Plain'), new Ledger(stack, 'Packed', { format: 2 })];
  const formats = [plain, packed].map(({ node }) => only(resourcesOf(stack), 'Custom::WaybillFormat', node.id));
  for (const name of ['ReserveRoute', 'CountRoute']) {
    const needed = dependencies(stack, 'Custom::WaybillRoute', name);
    for (const { id } of formats) expect(needed).not.toContain(id);
  }
  const routes = ['ReserveRoute', 'CountRoute'].map(
    (name) => only(resourcesOf(stack), 'Custom::WaybillRoute', name).id,
  );
  for (const { DependsOn = [] } of formats) for (const route of routes) expect(DependsOn).not.toContain(route);
});

test('a `format` that this version does not know is refused', () => {
  for (const format of [0, 4, 1.5]) {
    expect(() => new Ledger(testStack(), 'Ledger', { format })).toThrow(`\`format\` is ${format}: give a whole number`);
  }
});
