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

test('a `format` that this version does not know is refused', () => {
  for (const format of [0, 4, 1.5]) {
    expect(() => new Ledger(testStack(), 'Ledger', { format })).toThrow(`\`format\` is ${format}: give a whole number`);
  }
});
