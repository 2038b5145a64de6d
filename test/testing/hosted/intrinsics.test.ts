// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the placeholders are CloudFormation's
import { expect, test } from 'vitest';
import { resolved, type Scope } from '../../../lib/testing/hosted/intrinsics.ts';

const scope: Scope = {
  ref: async (name) => (name === 'AWS::NoValue' ? undefined : `ref-${name}`),
  getAtt: async (logicalId, attribute) => `${logicalId}.${attribute}`,
  importValue: async (name) => `import-${name}`,
  stackOutput: async (stack, output) => `${stack}:${output}`,
};

test.each([
  ['a plain value', 5, 5],
  ['Ref', { Ref: 'Queue' }, 'ref-Queue'],
  ['Fn::GetAtt with a list', { 'Fn::GetAtt': ['Queue', 'Arn'] }, 'Queue.Arn'],
  ['Fn::GetAtt with a text', { 'Fn::GetAtt': 'Queue.Nested.Arn' }, 'Queue.Nested.Arn'],
  ['Fn::Join', { 'Fn::Join': ['-', ['a', { Ref: 'B' }, 1]] }, 'a-ref-B-1'],
  ['Fn::Sub', { 'Fn::Sub': 'x-${AWS::Region}-${Queue.Arn}-${!kept}' }, 'x-ref-AWS::Region-Queue.Arn-${kept}'],
  ['Fn::Sub with variables', { 'Fn::Sub': ['${one}-${Two}', { one: { Ref: 'A' } }] }, 'ref-A-ref-Two'],
  ['Fn::Select of Fn::Split', { 'Fn::Select': ['1', { 'Fn::Split': ['/', 'a/b/c'] }] }, 'b'],
  ['Fn::ImportValue', { 'Fn::ImportValue': { 'Fn::Sub': 'x-${Y}' } }, 'import-x-ref-Y'],
  ['Fn::GetStackOutput', { 'Fn::GetStackOutput': { StackName: 'Ledger', OutputName: 'Table' } }, 'Ledger:Table'],
  ['an object in a list', [{ a: { Ref: 'B' } }, 'c'], [{ a: 'ref-B' }, 'c']],
  ['AWS::NoValue', { kept: 1, gone: { Ref: 'AWS::NoValue' } }, { kept: 1 }],
  ['an object that is none of them', { Ref: 'a', other: 'b' }, { Ref: 'a', other: 'b' }],
])('%s', async (_, value, expected) => {
  expect(await resolved(value, scope)).toEqual(expected);
});

test('a function that is not known is refused', async () => {
  await expect(resolved({ 'Fn::If': ['IsProd', 1, 2] }, scope)).rejects.toMatchObject({
    code: 'template-not-understood',
    message: expect.stringContaining('Fn::If'),
  });
});
